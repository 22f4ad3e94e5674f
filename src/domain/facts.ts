// What happened, by whom, and to which version of which resource: what handlers tell beside their outcome.
import type { ResourceVersion } from './fhir.ts';
import type { EventId, FhirReference, MatrixUserId, RoomId } from './ids.ts';

/** Who did it, or to whom it was done: as FHIR knows them, as Matrix knows them, or both; the bridge itself has neither. */
export interface Agent {
  readonly person?: FhirReference | undefined;
  readonly userId?: MatrixUserId | undefined;
  /** The CareTeam for which they act. */
  readonly team?: FhirReference | undefined;
  /** The network address of a caller who is no user. */
  readonly address?: string | undefined;
  /** The name of an operator's account on their machine. */
  readonly operator?: string | undefined;
}

/** A resource, in its version where that is known. */
export interface FactSubject {
  readonly reference: FhirReference;
  readonly versionId?: ResourceVersion['versionId'] | undefined;
}

interface Happened {
  readonly by: Agent;
  /** The resource it happened to. */
  readonly on?: FactSubject | undefined;
  /** Whom it is about, where that is known: a Patient, or a Group. */
  readonly subject?: FhirReference | undefined;
  /** When it happened by the clock of the server that told so, in milliseconds since the epoch. */
  readonly at?: number | undefined;
}

interface Common extends Happened {
  readonly on: FactSubject;
}

/** A message crossed, in either direction; the event is its Matrix side. */
interface AboutMessage extends Common {
  readonly direction: 'to-fhir' | 'to-matrix';
  readonly roomId: RoomId;
  readonly eventId: EventId;
  /** The CommunicationRequest, or other thread, to which the message belongs. */
  readonly conversation?: FactSubject | undefined;
}

interface AboutMember extends Common {
  readonly member: Agent;
  readonly roomId?: RoomId | undefined;
}

/** What was asked for in a look-up: never an address, a name or a search term, but a keyed hash of it. */
export interface Question {
  /** The kind of question, in a word. */
  readonly action: string;
  readonly medium?: string | undefined;
  /** base64url */
  readonly hash?: string | undefined;
}

/** What an operator can do to the data of the bridge. */
export type OperatorAct =
  'dlq-retry' | 'dlq-discard' | 'resync' | 'person-link' | 'person-unlink' | 'person-forget';

/** Something that happened. It never holds what a person wrote, nor a name. */
export type Fact =
  | ({ readonly kind: 'created' | 'changed' } & AboutMessage)
  | ({ readonly kind: 'retracted' } & AboutMessage)
  | ({ readonly kind: 'read' } & AboutMessage)
  /** The bridge wrote a resource that is no message. */
  | ({ readonly kind: 'resource-created' | 'resource-changed' } & Common)
  | ({ readonly kind: 'joined'; readonly level?: number | undefined } & AboutMember)
  | ({ readonly kind: 'left' } & AboutMember)
  | ({
      readonly kind: 'level-changed';
      readonly level: number;
      readonly formerLevel?: number | undefined;
    } & AboutMember)
  | ({
      readonly kind: 'looked-up';
      readonly question: Question;
      readonly result: 'found' | 'none' | 'refused' | 'failed';
      /** Who was found; a Patient is the subject too. */
      readonly found?: Agent | undefined;
    } & Happened)
  | ({
      readonly kind: 'refused';
      /** A reason of `ignored`, or `file-` and why a file was refused. */
      readonly reason: string;
    } & Common)
  | ({
      /** It could not be done, and became a dead letter. */
      readonly kind: 'failed';
      /** A code of the error catalogue. */
      readonly code: string;
      readonly eventId?: EventId | undefined;
    } & Happened)
  | ({
      readonly kind: 'operated';
      readonly act: OperatorAct;
      /** What it was done to where that is no resource: the source id of an item, a user id. */
      readonly target?: string | undefined;
    } & Happened);
