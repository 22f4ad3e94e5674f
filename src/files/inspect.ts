// Looks at a whole file before it is carried: its size, its type, its digests, and what the scanner says.
import { createHash } from 'node:crypto';
import type { FileFacts } from '../domain/files.ts';
import type { ByteStream } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { contentTypeOf, HEAD_BYTES, isAmong } from './content-type.ts';
import { FileRefused } from './refused.ts';
import type { Scan } from './scan.ts';

/** What may be carried. */
export interface FileRules {
  /** Bytes. */
  readonly maxBytes: number;
  /** Types; `image/*` is every image. */
  readonly types: readonly string[];
}

/** What an inspection found. */
export interface Inspected extends FileFacts {
  /** As FHIR wants it (https://hl7.org/fhir/R4/datatypes-definitions.html#Attachment.hash). */
  readonly sha1: string;
  /** Tells whether the same bytes come the next time; SHA-1 can be forged. */
  readonly sha256: string;
}

/**
 * Reads a file to its end and judges it.
 * @param claimed the type that its sender gives it
 * @throws FileRefused when it may not be carried
 */
export async function inspect(
  content: ByteStream,
  claimed: string | undefined,
  rules: FileRules,
  scan: Scan,
  signal: AbortSignal,
): Promise<Inspected> {
  const measure = createMeasure(rules.maxBytes);
  const chunks = measure.through(content);
  try {
    const head = await readHead(chunks);
    const contentType = await contentTypeOf(Buffer.concat(head).subarray(0, HEAD_BYTES), claimed);
    if (!isAmong(contentType, rules.types)) throw new FileRefused('type-not-allowed');
    const verdict = await scan(whole(head, chunks), signal);
    if (verdict === 'infected') throw new FileRefused('infected');
    const measured = measure.result();
    if (measured === undefined)
      throw new BridgeError('scanner-unavailable', 'a verdict before the end of the file');
    return { contentType, ...measured };
  } finally {
    // Ends the connection that the rest would come on.
    await chunks.return();
  }
}

/** The same file once more. Its last bytes are held back until it is clear that it is the file that was inspected. */
export async function* asInspected(
  content: ByteStream,
  { size, sha256 }: Pick<Inspected, 'size' | 'sha256'>,
): ByteStream {
  const measure = createMeasure(size);
  let held: Uint8Array | undefined;
  for await (const chunk of measure.through(content)) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (measure.result()?.sha256 !== sha256)
    throw new BridgeError('file-unreachable', 'another file than at the first look');
  if (held !== undefined) yield held;
}

function createMeasure(maxBytes: number) {
  const hashes = { sha1: createHash('sha1'), sha256: createHash('sha256') };
  let size = 0;
  let result: Omit<Inspected, 'contentType'> | undefined;
  return {
    async *through(content: ByteStream): AsyncGenerator<Uint8Array, void> {
      for await (const chunk of content) {
        size += chunk.length;
        if (size > maxBytes) throw new FileRefused('too-large');
        hashes.sha1.update(chunk);
        hashes.sha256.update(chunk);
        yield chunk;
      }
      result = { size, sha1: hashes.sha1.digest('base64'), sha256: hashes.sha256.digest('base64') };
    },
    /** Undefined before the end. */
    result: () => result,
  };
}

async function readHead(chunks: AsyncIterator<Uint8Array, void>): Promise<readonly Uint8Array[]> {
  const head: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    bytes += next.value.length;
  }
  return head;
}

async function* whole(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array, void>): ByteStream {
  yield* head;
  yield* { [Symbol.asyncIterator]: () => rest };
}
