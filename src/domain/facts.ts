// What happened, by whom, and to which version of which resource: what handlers tell beside their outcome.
import type { ResourceVersion } from './fhir.ts';
import type { EventId, FhirReference, MatrixUserId, RoomId } from './ids.ts';

/** Who did it, or to whom it was done: as FHIR knows them, as Matrix knows them, or both; the bridge itself has neither. */
export interface Agent {
  readonly person?: FhirReference | undefined;
  readonly userId?: MatrixUserId | undefined;
}

/** A resource, in its version where that is known. */
export interface FactSubject {
  readonly reference: FhirReference;
  readonly versionId?: ResourceVersion['versionId'] | undefined;
}

interface Common {
  readonly by: Agent;
  /** The resource it happened to. */
  readonly on: FactSubject;
}

/** A message crossed, in either direction; the event is its Matrix side. */
interface AboutMessage extends Common {
  readonly direction: 'to-fhir' | 'to-matrix';
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

interface AboutMember extends Common {
  readonly member: Agent;
}

/** Something that happened. It never holds what a person wrote, nor a name. */
export type Fact =
  | ({ readonly kind: 'created' | 'changed' } & AboutMessage)
  | ({ readonly kind: 'retracted' } & AboutMessage)
  | ({ readonly kind: 'read' } & AboutMessage)
  | ({ readonly kind: 'joined' | 'left' } & AboutMember)
  | ({ readonly kind: 'level-changed'; readonly level: number } & AboutMember)
  | ({ readonly kind: 'looked-up' } & Common)
  | ({
      readonly kind: 'refused';
      /** A reason of `ignored`, or a code of the error catalogue. */
      readonly reason: string;
    } & Common);
