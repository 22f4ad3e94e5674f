// Copies the files of a message to the other side before it is written or sent there.
import type { Attachment, CommunicationPayload } from 'fhir/r4.js';
import { isDeepStrictEqual } from 'node:util';
import type { Communication } from '../../domain/fhir.ts';
import type { FileRefusal } from '../../domain/files.ts';
import type { DeliveryId, FhirReference } from '../../domain/ids.ts';
import { fileIdOf, uploadIdOf } from '../../mapping/delivery-ids.ts';
import { documentOf, documentPayload } from '../../messages/documents.ts';
import type { MatrixSend } from '../../messages/effects.ts';
import {
  copiedAttachment,
  isToBeCopied,
  nameOf,
  withContentLost,
  withoutUpload,
  withUpload,
} from '../../messages/files.ts';
import type { Bridge } from '../bridge.ts';

/** A record with its files on the FHIR server. */
export interface WithFiles<Record> {
  readonly record: Record;
  /** Why files are missing, one for each. */
  readonly refused: readonly FileRefusal[];
  /** The ids of the copies. */
  readonly copies: readonly string[];
}

/**
 * Copies the files of a record. One that is refused leaves a text in its place.
 * @param conversation who may read it may read the files
 * @param before the payload that the record had, whose attachments are not the bridge's to copy
 */
export async function withFilesCopied<Record extends Communication>(
  recording: Pick<Bridge, 'fhir' | 'files' | 'settings'>,
  record: Record,
  { conversation, before = [] }: { conversation: FhirReference; before?: Communication['payload'] },
  signal: AbortSignal,
): Promise<WithFiles<Record>> {
  const { files, settings } = recording;
  const { fileMissing } = settings.messages.texts;
  const payload: CommunicationPayload[] = [];
  const [refused, copies]: [FileRefusal[], string[]] = [[], []];
  for (const each of record.payload ?? []) {
    const { contentAttachment: attachment } = each;
    const isOld = before.some((old) => isDeepStrictEqual(old, each));
    if (attachment === undefined || isOld || !isToBeCopied(each)) {
      payload.push(each);
      continue;
    }
    const { url = '', contentType } = attachment;
    const id = fileIdOf(conversation, url);
    const copied = await files.toFhir({ id, url, contentType, securityContext: conversation }, signal);
    copies.push(id);
    if (copied.kind === 'carried')
      payload.push(
        await recorded(
          recording,
          record,
          copiedAttachment(attachment, copied),
          { url, conversation },
          signal,
        ),
      );
    else {
      refused.push(copied.reason);
      payload.push({ contentString: fileMissing(nameOf(attachment), copied.reason) });
    }
  }
  if (copies.length === 0) return { record, refused, copies };
  const complete = { ...record, payload };
  return { record: refused.length > 0 ? withContentLost(complete) : complete, refused, copies };
}

/** A file that was copied, as the operator wants it in records. */
async function recorded(
  { fhir, settings }: Pick<Bridge, 'fhir' | 'settings'>,
  record: Communication,
  attachment: Attachment,
  from: { readonly url: string; readonly conversation: FhirReference },
  signal: AbortSignal,
): Promise<CommunicationPayload> {
  if (settings.messages.filesAs === 'attachment') return { contentAttachment: attachment };
  const document = documentOf(attachment, record, from);
  const { reference } = await fhir.createOnce(document, { mayExist: true, signal });
  return documentPayload(reference, attachment);
}

/** The content of a send, ready to be sent. */
interface Uploaded {
  readonly content: Readonly<Record<string, unknown>>;
  /** A text stands in place of its file. */
  readonly isRefused: boolean;
}

/**
 * Uploads the file of a send, and completes its content; a text stands in place of a file that is refused.
 */
export async function withFileUploaded(
  { files, settings }: Pick<Bridge, 'files' | 'settings'>,
  { content, file }: Extract<MatrixSend, { kind: 'send' }>,
  deliveryId: DeliveryId,
  signal: AbortSignal,
): Promise<Uploaded> {
  if (file === undefined) return { content, isRefused: false };
  const uploaded = await files.toMatrix({ id: uploadIdOf(deliveryId), attachment: file }, signal);
  return uploaded.kind === 'carried'
    ? { content: withUpload(content, uploaded), isRefused: false }
    : {
        content: withoutUpload(content, nameOf(file), uploaded.reason, settings.messages.texts),
        isRefused: true,
      };
}
