// A digest of what the bridge maps of a Communication: an echo or a write-back leaves it as it was (rule 6).
import { createHash } from 'node:crypto';
import type { CommunicationFacts } from './fhir-to-matrix/communication.ts';

/** Digest of the mapped content: conversation, sender, text, attachments and whether it is to be delivered. */
export function contentDigest(facts: CommunicationFacts): string {
  const { request, sender, text, otherPayloads, deliverable } = facts;
  return createHash('sha256')
    .update(JSON.stringify([request, sender, text, otherPayloads, deliverable]))
    .digest('base64url');
}
