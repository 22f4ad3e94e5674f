// Carries files from one side to the other. Each is read twice: first it is judged as a whole, then it is copied as it flows.
import type { Attachment } from 'fhir/r4.js';
import type { Clock } from '../domain/clock.ts';
import type { Carried, FileFacts } from '../domain/files.ts';
import {
  isMxcUri,
  parseReference,
  type FhirReference,
  type MatrixUserId,
  type MxcUri,
} from '../domain/ids.ts';
import type { Binaries } from '../fhir/binary.ts';
import type { Media } from '../matrix/media.ts';
import type { AttachmentFetch } from '../net/attachments.ts';
import type { FlowingFile } from '../net/http.ts';
import type { Queryable } from '../store/database.ts';
import type { Store } from '../store/tables.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { asInspected, inspect, type FileRules, type Inspected } from './inspect.ts';
import { passOn } from './pass-on.ts';
import { FileRefused, refusedStatus } from './refused.ts';
import type { Scan } from './scan.ts';
import { inlineSource, mediaSource, urlSource, type Source } from './sources.ts';

/** What files are carried with. */
export interface FileParts {
  readonly db: Queryable;
  readonly copies: Store['fileCopies'];
  readonly media: Media;
  readonly binaries: Binaries;
  readonly fetchAttachment: AttachmentFetch;
  readonly scan: Scan;
  readonly rules: FileRules;
  /** How long a file is tried again whose host or scanner gives no answer. */
  readonly retryMs: number;
  /** The user that loads files down and up. */
  readonly bot: MatrixUserId;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Pick<Metrics, 'files'>;
}

/** A file of a message in a room. */
export interface MatrixFile {
  /** The id of the copy, of the form of a FHIR id: the same for every attempt. */
  readonly id: string;
  /** As the event has it. */
  readonly url: unknown;
  /** The type that its sender gives it. */
  readonly contentType: string | undefined;
  /** Who may read this resource may read the file. */
  readonly securityContext: FhirReference | undefined;
}

/** A file of a Communication. */
export interface FhirFile {
  /** The id of the copy: the same for every attempt. */
  readonly id: string;
  readonly attachment: Attachment;
}

/** A file that stands on the FHIR server. */
export interface FhirCopy extends FileFacts {
  readonly hash: string;
  readonly binary: FhirReference;
}

/** A file that stands on the homeserver. */
export interface MatrixCopy extends FileFacts {
  readonly uri: MxcUri;
}

const PAYLOAD_TOO_LARGE = 413;

/** Creates the carrying of files. */
export function createFiles(parts: FileParts) {
  const { media, bot, rules } = parts;
  return {
    /** Copies a file to the FHIR server. A repeated call makes no second copy. */
    toFhir: (file: MatrixFile, signal: AbortSignal): Promise<Carried<FhirCopy>> =>
      settled(parts, { id: file.id, direction: 'to-fhir' }, async () => {
        const { url, contentType } = file;
        if (!isMxcUri(url)) throw new FileRefused('gone');
        const source = mediaSource(media, bot, url);
        const inspected = await inspect(await source(signal), contentType, rules, parts.scan, signal);
        const binary = await copyToFhir(parts, file, inspected, source, signal);
        const { size, sha1: hash } = inspected;
        return { contentType: inspected.contentType, size, hash, binary };
      }),

    /** Copies a file to the homeserver, likewise. */
    toMatrix: ({ id, attachment }: FhirFile, signal: AbortSignal): Promise<Carried<MatrixCopy>> =>
      settled(parts, { id, direction: 'to-matrix' }, async () => {
        const source = sourceOf(parts, attachment);
        const largest = (await media.largestUpload(bot, signal)) ?? rules.maxBytes;
        const bounded = { ...rules, maxBytes: Math.min(rules.maxBytes, largest) };
        const claimed = attachment.contentType;
        const inspected = await inspect(await source(signal), claimed, bounded, parts.scan, signal);
        const uri = await copyToMatrix(parts, id, inspected, source, signal);
        const { contentType, size } = inspected;
        return { contentType, size, uri };
      }),
  };
}

export type Files = ReturnType<typeof createFiles>;

/** What came of the work on a file. A host or a scanner that fails is tried again for some time, everything else for as long as any. */
async function settled<Facts>(
  { db, copies, clock, retryMs, metrics }: FileParts,
  { id, direction }: { readonly id: string; readonly direction: 'to-fhir' | 'to-matrix' },
  work: () => Promise<Facts>,
): Promise<Carried<Facts>> {
  try {
    const facts = await work();
    metrics.files.inc({ direction, result: 'carried' });
    return { kind: 'carried', ...facts };
  } catch (error) {
    const reason = error instanceof FileRefused ? error.reason : reasonOf(error);
    if (reason === undefined) throw error;
    if (!(error instanceof FileRefused)) {
      const now = clock.now();
      const since = await copies.saveFailure(db, id, now);
      if (now.getTime() - since.getTime() < retryMs) throw error;
    }
    metrics.files.inc({ direction, result: reason });
    return { kind: 'refused', reason };
  }
}

/** What a file is refused for, after this error came for long enough. */
function reasonOf(error: unknown): 'unreachable' | 'not-scanned' | undefined {
  if (!(error instanceof BridgeError)) return undefined;
  if (error.code === 'file-unreachable') return 'unreachable';
  return error.code === 'scanner-unavailable' ? 'not-scanned' : undefined;
}

function sourceOf({ fetchAttachment }: FileParts, { data, url }: Attachment): Source {
  if (data !== undefined) return inlineSource(data);
  if (url === undefined) throw new FileRefused('gone');
  return urlSource(fetchAttachment, url);
}

async function copyToFhir(
  { db, copies, binaries }: FileParts,
  { id, securityContext }: MatrixFile,
  inspected: Inspected,
  source: Source,
  signal: AbortSignal,
): Promise<FhirReference> {
  if (binaries.isRepeatable)
    return copied(inspected, source, signal, (file) => binaries.write({ id, file, securityContext }, signal));
  const earlier = parseReference(await copies.findTarget(db, id))?.reference;
  if (earlier !== undefined) return earlier;
  const made = await copied(inspected, source, signal, (file) =>
    binaries.write({ id, file, securityContext }, signal),
  );
  await copies.saveTarget(db, id, made);
  return made;
}

async function copyToMatrix(
  { db, copies, media, bot }: FileParts,
  id: string,
  inspected: Inspected,
  source: Source,
  signal: AbortSignal,
): Promise<MxcUri> {
  const reserve = async (): Promise<MxcUri> => {
    const uri = await media.reserve(bot, signal);
    await copies.saveTarget(db, id, uri);
    return uri;
  };
  const fill = (uri: MxcUri): Promise<boolean> =>
    copied(inspected, source, signal, (file) => media.fill(bot, uri, file, signal));
  const earlier = await copies.findTarget(db, id);
  const uri = isMxcUri(earlier) ? earlier : await reserve();
  if (await fill(uri)) return uri;
  // It was reserved too long ago, and the homeserver has forgotten it.
  const another = await reserve();
  if (await fill(another)) return another;
  throw new BridgeError('matrix-answer', 'upload media: a reserved URI is not known');
}

/** Copies a file as it flows. */
async function copied<Result>(
  inspected: Inspected,
  source: Source,
  signal: AbortSignal,
  write: (file: FlowingFile) => Promise<Result>,
): Promise<Result> {
  const { contentType, size } = inspected;
  try {
    return await passOn(asInspected(await source(signal), inspected), (content) =>
      write({ contentType, size, content }),
    );
  } catch (error) {
    if (refusedStatus(error) === PAYLOAD_TOO_LARGE) throw new FileRefused('too-large');
    throw error;
  }
}
