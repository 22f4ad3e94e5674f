// The conversation is a CommunicationRequest, as in the September 2025 guide and in OZO's profiles.
import type { Communication } from '../../domain/fhir.ts';
import { parseReference } from '../../domain/ids.ts';
import type { ThreadProfile } from '../../domain/threads.ts';
import { referTo } from '../references.ts';

/**
 * The CommunicationRequest in `partOf` (OZO, September guide), else in `basedOn` (the stricter reading of R4:
 * https://hl7.org/fhir/R4/communication-definitions.html#Communication.basedOn).
 */
export const ozoThreads: ThreadProfile = {
  threadOf: ({ partOf = [], basedOn = [] }: Communication) =>
    [...partOf, ...basedOn]
      .map(({ reference }) => parseReference(reference))
      .find((parsed) => parsed?.resourceType === 'CommunicationRequest')?.reference,
  link: (thread) => ({ partOf: [referTo(thread)] }),
  // Who writes one that names no conversation is told so.
  concerns: () => true,
  elements: ['basedOn', 'partOf'],
  keepsDrafts: false,
  header: undefined,
  // Tasks and AuditEvents say it.
  readState: undefined,
};
