// Files: pictures, sound, film and documents, alone, with a caption, or several together.
import type { Attachment, CommunicationPayload } from 'fhir/r4.js';
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { NoticeReason } from '../../domain/notices.ts';
import { isMxcUri, parseReference, parseResourceUrl } from '../../domain/ids.ts';
import type { Texts } from '../../mapping/language/texts.ts';
import { cleanFileName } from '../../mapping/file-names.ts';
import type { Part } from '../content.ts';
import type { Documents } from '../documents.ts';
import type { FhirWrite, MatrixSend } from '../effects.ts';
import { asExtensions, asInfo, metadataIn } from '../file-metadata.ts';
import { CONTENT_LOST, nameOf } from '../files.ts';
import {
  defineKind,
  type ContentReader,
  type FhirInput,
  type MatrixContext,
  type ReadCommunication,
  type ReadEvent,
  type RegisteredKind,
} from '../kind.ts';
import { createRecord, isTaggedAs, type RecordContext } from '../record.ts';
import { attributed, textSends } from '../text-body.ts';

/** One file of an event. */
interface EventFile {
  readonly attachment: Attachment;
  /** It can only be read by the room's members. */
  readonly isEncrypted: boolean;
}

type Files =
  | {
      readonly from: 'matrix';
      readonly files: readonly EventFile[];
      /** Further ones, which are only counted. */
      readonly left: number;
      readonly caption: ReadEvent | undefined;
      readonly isVoice: boolean;
    }
  | {
      readonly from: 'fhir';
      readonly attachments: readonly Attachment[];
      readonly text: ReadCommunication | undefined;
      readonly isVoice: boolean;
    };

const SINGLE: ReadonlySet<unknown> = new Set(['m.image', 'm.audio', 'm.video', 'm.file']);
/** https://github.com/matrix-org/matrix-spec-proposals/pull/4274 */
const GALLERIES: ReadonlySet<unknown> = new Set(['m.gallery', 'dm.filament.gallery']);
/** https://github.com/matrix-org/matrix-spec-proposals/pull/3245 */
const VOICE_KEYS = ['org.matrix.msc3245.voice', 'm.voice'] as const;
const VOICE = 'voice';
/** More files of one message are only counted. */
const MOST_FILES = 50;

/**
 * Makes the kind.
 * @param texts how a caption, and the texts of a Communication, are read
 */
export function fileKind(texts: ContentReader): RegisteredKind {
  return defineKind<Files>({
    name: 'file',
    page: {
      matrix:
        '`m.image`, `m.audio`, `m.video`, `m.file`, and galleries of them; `body` as a caption where there is a `filename`',
      fhir: '`payload.contentAttachment` with `url` of a Binary, or with `attachments.recordedAs: document-reference` a `contentReference` to a DocumentReference; the caption as `payload.contentString`. From FHIR `data` or `url`, or a reference to a Binary or DocumentReference: the text first, then a message for each file',
      kept: 'the file as it is, its type, size and name, width, height and duration, that it is a voice message; SHA-1 in FHIR',
      lost: 'files that are refused (see attachments): the record is tagged `content-lost`, the sender in Matrix reads a notice, and what is infected or not allowed is removed from the room; from FHIR, a text says so. Pictures in small; the waveform of a voice message; later changes of a DocumentReference',
    },
    fromMatrix: ({ event, ...input }) => {
      const found = itemsOf(event);
      if (found === undefined) return undefined;
      const caption = captionOf(event);
      return {
        from: 'matrix',
        files: found.items.map(fileIn),
        left: found.left,
        caption: caption && texts.readEvent({ ...input, event: { ...event, content: caption } }),
        isVoice: VOICE_KEYS.some((key) => event.content[key] !== undefined),
      };
    },
    toFhir: (message, context) => (message.from === 'matrix' ? recordsOf(message, context) : []),
    fromFhir: (input, carried) => (carried.length > 0 ? undefined : filesIn(input, texts)),
    toMatrix: (message, context) => (message.from === 'fhir' ? sendsOf(message, context) : []),
    lost: (message) => {
      if (message.from === 'matrix') return undefined;
      return message.attachments.length > MOST_FILES ? 'content-lost' : message.text?.lost;
    },
    notices: (message) => (message.from === 'matrix' ? noticesOf(message) : []),
  });
}

function noticesOf({ files, left }: Extract<Files, { from: 'matrix' }>): readonly NoticeReason[] {
  const isEncrypted = files.some((file) => file.isEncrypted);
  return [
    ...(left > 0 ? (['unsupported-content'] as const) : []),
    ...(isEncrypted ? (['encrypted-message'] as const) : []),
  ];
}

type Content = Readonly<Record<string, unknown>>;

/** The files of an event, each with fields as an event of its own has them; undefined for other events. */
function itemsOf({ type, content }: MatrixEvent) {
  if (type !== 'm.room.message') return undefined;
  if (SINGLE.has(content['msgtype'])) return { items: [content], left: 0 };
  const { itemtypes } = content;
  if (!GALLERIES.has(content['msgtype']) || !Array.isArray(itemtypes)) return undefined;
  const items = itemtypes.slice(0, MOST_FILES).filter(isContent);
  return items.length === 0 ? undefined : { items, left: itemtypes.length - items.length };
}

function isContent(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fileIn({ body, filename, url, file, info }: Content): EventFile {
  const contentType = isContent(info) ? info['mimetype'] : undefined;
  const title = cleanFileName(filename) ?? cleanFileName(body);
  return {
    isEncrypted: file !== undefined && url === undefined,
    attachment: {
      ...asExtensions(metadataIn(info)),
      ...(typeof contentType === 'string' && CONTENT_TYPE.test(contentType) && { contentType }),
      // What is no address is refused as one that leads to nothing.
      url: isMxcUri(url) ? url : 'mxc://',
      ...(title !== undefined && { title }),
    },
  };
}

const CONTENT_TYPE = /^[\w.+-]{1,80}\/[\w.+-]{1,80}$/;

/**
 * The caption as a text message. The body of a file is its name, unless it has a name beside.
 * https://spec.matrix.org/v1.19/client-server-api/#media-captions
 */
function captionOf({ content }: MatrixEvent): Content | undefined {
  const { body, filename, format, formatted_body: html, msgtype } = content;
  if (typeof body !== 'string' || body.trim() === '') return undefined;
  const hasCaption = GALLERIES.has(msgtype) || (typeof filename === 'string' && filename !== body);
  const formatting = html === undefined ? {} : { format, formatted_body: html };
  return hasCaption ? { msgtype: 'm.text', body, ...formatting } : undefined;
}

/** A record for so many files as one may have; the caption stands in the first. */
function recordsOf(
  { files, left, caption, isVoice }: Extract<Files, { from: 'matrix' }>,
  context: RecordContext,
): readonly FhirWrite[] {
  const said = caption?.toFhir(context).flatMap(payloadOf) ?? [];
  const { maxFiles, texts } = context.options;
  const count = Math.ceil(files.length / maxFiles);
  return Array.from({ length: count }, (_, part) => {
    const mine = files.slice(part * maxFiles, (part + 1) * maxFiles);
    const lost = left > 0 && part === count - 1 ? [{ contentString: texts.attachmentsNotShown(left) }] : [];
    return createRecord(context, {
      payload: [...(part === 0 ? said : []), ...mine.map((file) => payloadOfFile(file, texts)), ...lost],
      ...(isVoice && { kind: VOICE }),
      ...((lost.length > 0 || mine.some(({ isEncrypted }) => isEncrypted)) && { tag: CONTENT_LOST }),
      part,
    });
  });
}

function payloadOf(write: FhirWrite): readonly CommunicationPayload[] {
  return write.kind === 'create' ? (write.communication.payload ?? []) : [];
}

function payloadOfFile({ attachment, isEncrypted }: EventFile, { fileMissing }: Texts): CommunicationPayload {
  return isEncrypted
    ? { contentString: fileMissing(attachment.title, 'encrypted') }
    : { contentAttachment: attachment };
}

function filesIn(input: FhirInput, texts: ContentReader): Files | undefined {
  const { communication, envelope } = input;
  const attachments = envelope.parts.flatMap((part) => attachmentsOf(part, input.documents) ?? []);
  if (attachments.length === 0) return undefined;
  const parts = envelope.parts.filter((part) => attachmentsOf(part, input.documents) === undefined);
  return {
    from: 'fhir',
    attachments,
    text: texts.readCommunication({ communication, envelope: { ...envelope, parts } }),
    isVoice: isTaggedAs(communication, VOICE),
  };
}

/** The files that a part stands for; a reference may lead to a Binary or a DocumentReference as well. */
function attachmentsOf(part: Part, documents: Documents = new Map()): readonly Attachment[] | undefined {
  if (part.kind === 'file') return [part.attachment];
  if (part.kind === 'text') return undefined;
  const { reference: url = '', display: title } = part.reference;
  // Where a Binary is fetched from, its whole address decides.
  const to = parseResourceUrl(url);
  if (to?.resourceType === 'Binary') return [{ url, ...(title && { title }) }];
  if (to?.resourceType !== 'DocumentReference') return undefined;
  const own = parseReference(url)?.reference;
  const found = (own && documents.get(own)) ?? [];
  // Without an address it is refused as one that is gone.
  const files = found.length === 0 ? [{}] : found;
  return files.map((file) => ({ ...(title && { title }), ...file }));
}

function sendsOf(
  { attachments, text, isVoice }: Extract<Files, { from: 'fhir' }>,
  context: MatrixContext,
): readonly MatrixSend[] {
  const {
    relayedFor,
    options: { texts },
  } = context;
  const left = attachments.length - MOST_FILES;
  return [
    ...(text?.toMatrix(context) ?? []),
    ...attachments.slice(0, MOST_FILES).map((attachment): MatrixSend => {
      const filename = nameOf(attachment) ?? defaultName(attachment);
      const info = asInfo(attachment);
      const voice = isVoice && { [VOICE_KEYS[0]]: {} };
      const body = attributed({ plain: filename }, relayedFor).plain;
      // The type of the message follows from the file.
      const content = { msgtype: 'm.file', body, filename, info, ...voice };
      return { kind: 'send', type: 'm.room.message', content, file: attachment };
    }),
    ...(left > 0
      ? textSends('m.text', attributed({ plain: texts.attachmentsNotShown(left) }, relayedFor), texts)
      : []),
  ];
}

/** Most clients ask for an ending before they show a file. */
function defaultName({ contentType = '' }: Attachment): string {
  const [, ending] = /^\w+\/([a-z0-9]{2,5})$/.exec(contentType) ?? [];
  return ending === undefined ? 'attachment' : `attachment.${ending}`;
}
