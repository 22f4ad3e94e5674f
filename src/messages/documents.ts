// Files that a message refers to by a DocumentReference.
import type { Attachment, CommunicationPayload } from 'fhir/r4.js';
import { DOCUMENT_IDENTIFIER_SYSTEM, type Communication, type DocumentReference } from '../domain/fhir.ts';
import { parseReference, type FhirReference } from '../domain/ids.ts';
import { documentIdOf } from '../mapping/delivery-ids.ts';
import { referTo } from '../mapping/references.ts';

/** The files of the documents that a message refers to; one that is gone has none. */
export type Documents = ReadonlyMap<FhirReference, readonly Attachment[]>;

/** A DocumentReference that is still to be written. */
export type NewDocument = DocumentReference & { readonly id: string };

/** The record of which a file is a part. */
type Record = Pick<Communication, 'sender' | 'sent' | 'subject'> & { readonly id?: string | undefined };

/**
 * The document of a file that was copied. https://hl7.org/fhir/R4/documentreference.html
 * @param url where the file stands in Matrix: the same file of a record is the same document
 */
export function documentOf(
  attachment: Attachment,
  { id: record = '', subject, sender, sent }: Record,
  { url, conversation }: { readonly url: string; readonly conversation: FhirReference },
): NewDocument {
  const id = documentIdOf(record, url);
  // What stands within the record, such as an unknown sender, cannot be referred to from elsewhere.
  const author = sender?.reference?.startsWith('#') === true ? undefined : sender;
  return {
    ...{ resourceType: 'DocumentReference', id },
    identifier: [{ use: 'official', system: DOCUMENT_IDENTIFIER_SYSTEM, value: id }],
    status: 'current',
    ...(subject !== undefined && { subject }),
    ...(sent !== undefined && { date: sent }),
    ...(author !== undefined && { author: [author] }),
    content: [{ attachment }],
    context: { related: [referTo(conversation)] },
  };
}

/** The payload of a document. */
export function documentPayload(reference: FhirReference, { title }: Attachment): CommunicationPayload {
  return { contentReference: { ...referTo(reference), ...(title !== undefined && { display: title }) } };
}

/** The documents to which payloads refer. */
export function documentsIn(payload: readonly CommunicationPayload[] = []): readonly FhirReference[] {
  const referred = payload.map(({ contentReference }) => parseReference(contentReference?.reference));
  return referred.flatMap((each) => (each?.resourceType === 'DocumentReference' ? [each.reference] : []));
}

/** The files of a document; none of one that was entered in error. */
export function filesOfDocument({ status, content }: DocumentReference): readonly Attachment[] {
  return status === 'entered-in-error' ? [] : content.map(({ attachment }) => attachment);
}

/** Whether the bridge made a document. */
export function isOfBridge({ identifier = [] }: DocumentReference): boolean {
  return identifier.some(({ system }) => system === DOCUMENT_IDENTIFIER_SYSTEM);
}
