// How a Communication says to which conversation it belongs: platforms do not agree, so each way is a profile.
import type { Communication } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';

/** The elements that link a Communication to its conversation. */
export type ThreadLink = Pick<Communication, 'basedOn' | 'partOf'>;

/** One way of saying it. */
export interface ThreadProfile {
  /** The conversation of a Communication; undefined when it names none. */
  readonly threadOf: (communication: Communication) => FhirReference | undefined;
  /** The elements by which a new Communication says that it belongs to a conversation. */
  readonly link: (thread: FhirReference) => ThreadLink;
}
