// How platforms keep a conversation and its messages: they do not agree, so each way is a profile (mapping/threads).
import type { Communication, CommunicationRequest } from './fhir.ts';
import type { FhirReference } from './ids.ts';

/** The ways that the bridge knows. */
export const THREAD_PROFILE_NAMES = ['ozo', 'medplum'] as const;
export type ThreadProfileName = (typeof THREAD_PROFILE_NAMES)[number];

/** The elements that link a Communication to its conversation. */
export type ThreadLink = Pick<Communication, 'basedOn' | 'partOf'>;

/**
 * One way. Inside the bridge a conversation is a CommunicationRequest under all of them; where the server keeps it as another
 * resource, `header` tells how the one is read and written as the other.
 */
export interface ThreadProfile {
  /** The conversation of a Communication, as a CommunicationRequest; undefined when it names none. */
  readonly threadOf: (communication: Communication) => FhirReference | undefined;
  /** The elements by which a new Communication says that it belongs to a conversation. */
  readonly link: (thread: FhirReference) => ThreadLink;
  /** Whether a Communication is a message of rooms; others are none of the bridge's business. */
  readonly concerns: (communication: Communication) => boolean;
  /** The elements of a Communication that the functions of this profile look at when it is read by a reader: `_elements`. */
  readonly elements: readonly (keyof Communication)[];
  /** Whether a message in status `preparation` is a draft that only its author may see. */
  readonly keepsDrafts: boolean;
  /** The header by which the server keeps a conversation; undefined where it is a CommunicationRequest there too. */
  readonly header: ThreadHeader | undefined;
  /** How messages and headers themselves say who has read them; undefined where they do not. */
  readonly readState: ThreadReadState | undefined;
}

/** A Communication that stands for a conversation, and says nothing itself. */
export interface ThreadHeader {
  readonly isHeader: (communication: Communication) => boolean;
  /** The header as the bridge reads it. */
  readonly toRequest: (header: Communication) => CommunicationRequest;
  /** The header as it is written. @param before as the server has it; undefined for a new one */
  readonly toHeader: (request: CommunicationRequest, before: Communication | undefined) => Communication;
  /** A new message with what the platform wants of one. @param header of its conversation, where there is one */
  readonly toMessage: (message: Communication, header: Communication | undefined) => Communication;
}

/** A message that a person has read. */
export interface Reading {
  readonly person: FhirReference;
  readonly message: FhirReference;
  readonly at: Date;
}

/** How messages and conversations themselves say who has read them. */
export interface ThreadReadState {
  /** What one says of who has read what. */
  readonly reportsIn: (resource: StoredMessage | StoredConversation) => readonly ReadReport[];
  /** Whether so many take part that a message has more than one reader: then the conversation says who has read it. */
  readonly isShared: (conversation: CommunicationRequest) => boolean;
  /** The conversation that says how far the person has read; undefined where it says so already. */
  readonly withLastRead: <Conversation extends CommunicationRequest>(
    conversation: Conversation,
    reading: Reading,
  ) => Conversation | undefined;
  /** The message that says that its one reader has read it; undefined where they are not that person, or where it says so. */
  readonly markedRead: <Message extends Communication>(
    message: Message,
    reading: Omit<Reading, 'message'>,
  ) => Message | undefined;
}

type StoredMessage = Communication & { readonly id: string };
type StoredConversation = CommunicationRequest & { readonly id: string };

/** What a platform says that a person has read. */
export interface ReadReport {
  readonly person: FhirReference;
  /** The CommunicationRequest; a Task that a client posts may not name it. */
  readonly conversation: FhirReference | undefined;
  /** The Communication; undefined where only the conversation is named. */
  readonly message: FhirReference | undefined;
  /** What is meant where no message is named: all of the conversation, or its first message. */
  readonly otherwise: 'all' | 'first-message';
  /** Milliseconds since the epoch; undefined where it is not said. */
  readonly at: number | undefined;
}
