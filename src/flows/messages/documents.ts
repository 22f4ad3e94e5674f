// Reads the documents that a message refers to, and keeps those of the bridge's own records as their records are.
import type { CommunicationPayload } from 'fhir/r4.js';
import type { Communication } from '../../domain/fhir.ts';
import { documentsIn, filesOfDocument, isOfBridge, type Documents } from '../../messages/documents.ts';
import type { Bridge } from '../bridge.ts';

/** Further documents of one message are not read; their places say that a file is missing. */
const MOST_DOCUMENTS = 50;

/** Reads the files of the documents. */
export async function readDocuments(
  { fhir }: Pick<Bridge, 'fhir'>,
  payload: readonly CommunicationPayload[] | undefined,
  signal: AbortSignal,
): Promise<Documents> {
  const wanted = [...new Set(documentsIn(payload))].slice(0, MOST_DOCUMENTS);
  const found = wanted.length === 0 ? undefined : await fhir.readMany(wanted, signal);
  return new Map(
    wanted.map((reference) => {
      const document = found?.get(reference);
      return [reference, document?.resourceType === 'DocumentReference' ? filesOfDocument(document) : []];
    }),
  );
}

/** Documents that a record shows no more are entered in error; those that it shows again are current again. */
export async function settleDocuments(
  { fhir }: Pick<Bridge, 'fhir'>,
  before: Communication,
  after: Communication,
  signal: AbortSignal,
): Promise<void> {
  const shown = new Set(after.status === 'entered-in-error' ? [] : documentsIn(after.payload));
  for (const reference of new Set([...documentsIn(before.payload), ...shown])) {
    const document = await fhir.read(reference, signal);
    const status = shown.has(reference) ? 'current' : 'entered-in-error';
    if (document?.resourceType !== 'DocumentReference' || !isOfBridge(document)) continue;
    if (document.status !== status) await fhir.update({ ...document, status }, signal);
  }
}
