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
  /** Whether a message in status `preparation` is a draft that only its author may see. */
  readonly keepsDrafts: boolean;
  /** The header by which the server keeps a conversation; undefined where it is a CommunicationRequest there too. */
  readonly header: ThreadHeader | undefined;
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
