// Files in messages: how one stands in a Communication and in an event, on its way, once it is copied, and when it is refused.
import type { Attachment, CommunicationPayload } from 'fhir/r4.js';
import type { Communication } from '../domain/fhir.ts';
import { RECORD_TAG_SYSTEM } from '../domain/fhir.ts';
import type { FileFacts, FileRefusal } from '../domain/files.ts';
import type { FhirReference, MxcUri } from '../domain/ids.ts';
import type { Texts } from '../mapping/language/texts.ts';
import { cleanFileName } from '../mapping/file-names.ts';

/** The tag of a record of which something is missing. */
export const CONTENT_LOST = { code: 'content-lost', display: 'Content was lost on the way' } as const;

/** Whether an attachment of a record that is to be written stands for a file that is still to be copied. */
export function isToBeCopied({ contentAttachment }: CommunicationPayload): boolean {
  return contentAttachment?.url?.startsWith('mxc://') ?? false;
}

/** A file as it stands on the FHIR server. */
export interface AttachedFile extends FileFacts {
  /** SHA-1 in base64. */
  readonly hash: string;
  readonly binary: FhirReference;
}

/** The attachment of a file that was copied. */
export function copiedAttachment(
  before: Attachment,
  { contentType, size, hash, binary }: AttachedFile,
): Attachment {
  return { ...before, contentType, url: binary, size, hash };
}

/** The record with a tag that says that something is missing. */
export function withContentLost<Record extends Communication>(record: Record): Record {
  const tag = record.meta?.tag ?? [];
  if (tag.some(({ system, code }) => system === RECORD_TAG_SYSTEM && code === CONTENT_LOST.code))
    return record;
  return {
    ...record,
    meta: { ...record.meta, tag: [...tag, { system: RECORD_TAG_SYSTEM, ...CONTENT_LOST }] },
  };
}

/** A file as it stands on the homeserver. */
export interface UploadedFile extends FileFacts {
  readonly uri: MxcUri;
}

type Content = Readonly<Record<string, unknown>>;

/** The content of an event with the file that was uploaded for it. */
export function withUpload(content: Content, { uri: url, contentType, size }: UploadedFile): Content {
  const { info } = content;
  const known = typeof info === 'object' ? info : {};
  return {
    ...content,
    msgtype: msgtypeOf(contentType),
    url,
    info: { ...known, mimetype: contentType, size },
  };
}

/** See https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes. */
function msgtypeOf(contentType: string): string {
  const [kind = ''] = contentType.split('/');
  return ['image', 'audio', 'video'].includes(kind) ? `m.${kind}` : 'm.file';
}

/** The content of the text that stands in place of a file that was refused. */
export function withoutUpload(
  content: Content,
  name: string | undefined,
  reason: FileRefusal,
  { fileMissing }: Pick<Texts, 'fileMissing'>,
): Content {
  const { 'm.mentions': mentions, 'm.relates_to': relation } = content;
  return {
    msgtype: 'm.text',
    body: fileMissing(name, reason),
    ...(mentions !== undefined && { 'm.mentions': mentions }),
    ...(relation !== undefined && { 'm.relates_to': relation }),
  };
}

/** The name of an attachment, fit to be shown. */
export function nameOf({ title }: Attachment): string | undefined {
  return cleanFileName(title);
}
