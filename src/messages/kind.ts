// A kind of message: how it is read from either side, and what it becomes on the other. Everything here is pure.
import type { Communication } from '../domain/fhir.ts';
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/notices.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import type { UndeliveredReason } from '../domain/undelivered.ts';
import type { Documents } from './documents.ts';
import type { FhirWrite, MatrixSend } from './effects.ts';
import type { Envelope } from './envelope.ts';
import type { MessageOptions } from './options.ts';
import type { RecordContext } from './record.ts';

/** The name of a kind in links and on the reference page. It is stored, so it never changes. */
export type KindName = string;

/** The kind of a link of a notice by the bot, and of a part of what a CommunicationRequest says first: no record is of them. */
export const BRIDGE_NOTICE: KindName = 'bridge-notice';
export const FIRST_MESSAGE: KindName = 'first-message';

/** A message as it stands in a room: the whole event, with fields that this version does not know. */
export interface MatrixInput {
  readonly event: MatrixEvent;
  /** Whether the sender may redact messages of others in this room. */
  readonly mayRedact: boolean;
}

/** A message as a platform wrote it. */
export interface FhirInput {
  readonly communication: Communication;
  readonly envelope: Envelope;
  /** The files of the DocumentReferences to which it refers; left out where it refers to none. */
  readonly documents?: Documents;
}

/** An event and a Communication that are one message, or one change of a message. */
export interface Link {
  /** What brought it about, and which of its effects this is; 0 for the first. */
  readonly cause: string;
  readonly part: number;
  /** Where the message was written. */
  readonly origin: 'matrix' | 'fhir';
  readonly kind: KindName;
  readonly communication: FhirReference | undefined;
  readonly eventId: EventId | undefined;
  readonly roomId: RoomId;
  /** The event of the message that is changed, if it is a change. */
  readonly target: EventId | undefined;
  /** Who sent the event, and when by its own server; undefined where it is not known. */
  readonly sender: MatrixUserId | undefined;
  readonly sentAt: Date | undefined;
  /** The first event of the thread in which the event stands. */
  readonly threadRoot: EventId | undefined;
  /** Of the content of the Communication. */
  readonly digest: string | undefined;
}

/** What is known of the messages that a message refers to, in the order in which they were carried. */
export interface Links {
  readonly ofEvent: (eventId: EventId) => readonly Link[];
  /** The changes of the message of an event; a reaction may be missing. */
  readonly changesOf: (eventId: EventId) => readonly Link[];
  readonly ofCommunication: (reference: FhirReference) => readonly Link[];
}

/** For a message that refers to none, or is read for what it says alone. */
export const NOTHING_KNOWN: Links = { ofEvent: () => [], changesOf: () => [], ofCommunication: () => [] };

/** Something that a message refers to: it can be mapped when this was carried. */
export type MessageRef = EventId | FhirReference;

/** How a message is shown in the room. */
export interface MatrixContext {
  readonly roomId: RoomId;
  /** The name of the sender, where the bot sends in their place: the message has to say whose it is. */
  readonly relayedFor: string | undefined;
  /** Whether the user that sends is the one that sent what is changed: no other can edit it. */
  readonly isSameSender: boolean;
  readonly options: MessageOptions;
  /** The accounts of the people whom the Communication names as recipients. */
  readonly accounts: ReadonlyMap<FhirReference, MatrixUserId>;
}

/** Why an event of a kind is not carried. */
export type NotCarried = 'not-the-author' | 'superseded' | 'target-missing';

/** The line of a kind on the reference page. */
export interface KindPage {
  /** What it is in Matrix; empty where the kind does not come from there. */
  readonly matrix: string;
  /** What it is in FHIR; empty likewise. */
  readonly fhir: string;
  readonly kept: string;
  /** What does not cross, and who is told. */
  readonly lost: string;
}

/** A kind of message, with `Message` as the form that both sides have in common. */
export interface Kind<Message> {
  readonly name: KindName;
  readonly page: KindPage;
  /** What has to be carried before an event or a Communication of this kind can be; none where it is left out. */
  readonly refs?: (input: MatrixInput | FhirInput) => readonly MessageRef[];
  /** Reads an event; undefined when it is not of this kind. */
  readonly fromMatrix: (input: MatrixInput, known: Links) => Message | undefined;
  /** What is to be written; nothing where the FHIR side has no place for it. */
  readonly toFhir: (message: Message, context: RecordContext) => readonly FhirWrite[];
  /**
   * Reads a Communication; undefined when it is not of this kind.
   * @param carried the links of what was carried of it before; none for a new one
   */
  readonly fromFhir: (input: FhirInput, carried: readonly Link[], known: Links) => Message | undefined;
  /** What is to be sent, in order. */
  readonly toMatrix: (message: Message, context: MatrixContext) => readonly MatrixSend[];
  /** What of a platform's message is not shown in the room, which the platform is told; left out where all is. */
  readonly lost?: (message: Message) => UndeliveredReason | undefined;
  /** What the sender in Matrix has to be told, because something does not cross. */
  readonly notices?: (message: Message, options: MessageOptions) => readonly NoticeReason[];
  /** Why a message that was read is not carried; left out where all are. */
  readonly ignored?: (message: Message) => NotCarried | undefined;
  /** Another of this kind by the same sender, so near in time, is the same said twice: left out where none is. */
  readonly sameWithinMs?: number;
}

/** An event that a kind has read. */
export interface ReadEvent {
  readonly kind: KindName;
  readonly toFhir: (context: RecordContext) => readonly FhirWrite[];
  readonly notices: (options: MessageOptions) => readonly NoticeReason[];
  readonly ignored: NotCarried | undefined;
  readonly sameWithinMs: number | undefined;
}

/** A Communication that a kind has read. */
export interface ReadCommunication {
  readonly kind: KindName;
  /** What of it is not shown in the room. */
  readonly lost: UndeliveredReason | undefined;
  readonly toMatrix: (context: MatrixContext) => readonly MatrixSend[];
}

/** How a part of a message is read, such as the new content of an edit or the caption of a picture: as a message of its own. */
export interface ContentReader {
  readonly readEvent: (input: MatrixInput) => ReadEvent | undefined;
  readonly readCommunication: (input: FhirInput) => ReadCommunication | undefined;
}

/** A kind whose message no one else sees, so that kinds of different messages stand in one list. */
export interface RegisteredKind {
  readonly name: KindName;
  readonly page: KindPage;
  readonly refs: (input: MatrixInput | FhirInput) => readonly MessageRef[];
  readonly readEvent: (input: MatrixInput, known: Links) => ReadEvent | undefined;
  readonly readCommunication: (
    input: FhirInput,
    carried: readonly Link[],
    known: Links,
  ) => ReadCommunication | undefined;
}

/** Makes a kind ready for the list of kinds. */
export function defineKind<Message>(kind: Kind<Message>): RegisteredKind {
  const { name, page, refs = () => [], notices = () => [], lost, ignored, sameWithinMs } = kind;
  return {
    ...{ name, page, refs },
    readEvent: (input, known) => {
      const message = kind.fromMatrix(input, known);
      if (message === undefined) return undefined;
      return {
        kind: name,
        toFhir: (context) => kind.toFhir(message, context),
        notices: (options) => notices(message, options),
        ignored: ignored?.(message),
        sameWithinMs,
      };
    },
    readCommunication: (input, carried, known) => {
      const message = kind.fromFhir(input, carried, known);
      if (message === undefined) return undefined;
      return {
        kind: name,
        lost: lost?.(message),
        toMatrix: (context) => kind.toMatrix(message, context),
      };
    },
  };
}
