// Files as they flow, for tests.
import type { ByteStream, FlowingFile } from '../../src/net/http.ts';

/** All bytes of a stream. */
export async function bytesOf(content: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** These bytes in some pieces. */
export async function* streamOf(bytes: Uint8Array | string, pieceBytes = 16_384): ByteStream {
  const whole = Buffer.from(bytes);
  for (let at = 0; at < whole.length; at += pieceBytes) {
    await Promise.resolve();
    yield whole.subarray(at, at + pieceBytes);
  }
}

/** So many pieces of the same content, each of so many bytes. */
export async function* pieces(count: number, pieceBytes: number): ByteStream {
  const piece = Buffer.alloc(pieceBytes, 'x');
  for (let made = 0; made < count; made += 1) {
    await Promise.resolve();
    yield piece;
  }
}

/** A file of a known size; it flows once. */
export function flowing(bytes: Uint8Array, contentType: string): FlowingFile {
  return { contentType, size: bytes.length, content: streamOf(bytes) };
}
