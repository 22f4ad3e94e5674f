// Why a user took a message back, in their own words: a Provenance of the version of the record that this made.
import { PROVENANCE_ID_SYSTEM, type ResourceVersion } from '../domain/fhir.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { provenanceIdOf } from '../mapping/delivery-ids.ts';
import type { NewProvenance } from './effects.ts';
import { cleanText, isBlank } from './formatting/clean-text.ts';
import type { RecordContext } from './record.ts';

/** The longest reason that is kept, in characters. */
const LONGEST_REASON = 500;

/** The reason in a redaction; undefined where none is given. https://spec.matrix.org/v1.19/client-server-api/#mroomredaction */
export function reasonIn({ content: { reason } }: Pick<MatrixEvent, 'content'>): string | undefined {
  // Characters that are taken out do not count, so that what is left is looked at twice.
  const text = typeof reason === 'string' ? cleanText(reason.slice(0, 8 * LONGEST_REASON)).trim() : '';
  return isBlank(text) ? undefined : Array.from(text).slice(0, LONGEST_REASON).join('');
}

/** The Provenance. https://hl7.org/fhir/R4/provenance.html */
export function reasonProvenance(
  reason: string,
  { event, author, sentAt }: Pick<RecordContext, 'author' | 'event' | 'sentAt'>,
  { reference, versionId, lastUpdated }: ResourceVersion,
): NewProvenance {
  const id = provenanceIdOf(event.event_id, reference);
  return {
    ...{ resourceType: 'Provenance', id, meta: { tag: [{ system: PROVENANCE_ID_SYSTEM, code: id }] } },
    ...(author.contained.length > 0 && { contained: [...author.contained] }),
    target: [{ reference: `${reference}/_history/${versionId}`, type: 'Communication' }],
    ...(sentAt >= 0 && { occurredDateTime: new Date(sentAt).toISOString() }),
    recorded: lastUpdated,
    reason: [{ text: reason }],
    activity: { coding: [{ system: DATA_OPERATION, code: 'NULLIFY' }] },
    agent: [{ type: { coding: [{ system: PARTICIPANT_TYPE, code: 'author' }] }, who: author.sender }],
  };
}

const DATA_OPERATION = 'http://terminology.hl7.org/CodeSystem/v3-DataOperation';
const PARTICIPANT_TYPE = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type';
