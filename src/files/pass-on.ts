// Hands a stream on to something that reads it, and tells a fault of the stream from one of the reader.
import type { ByteStream } from '../net/http.ts';

/**
 * Hands the stream to a reader.
 * @throws what the stream threw, whatever the reader made of it; otherwise what the reader throws
 */
export async function passOn<Result>(
  content: ByteStream,
  read: (content: ByteStream) => Promise<Result>,
): Promise<Result> {
  const faults: unknown[] = [];
  const chunks = content[Symbol.asyncIterator]();
  const nextChunk = (): Promise<IteratorResult<Uint8Array, unknown>> =>
    chunks.next().catch((error: unknown) => {
      faults.push(error);
      throw error;
    });
  // Written out: what the reader throws into a generator must not count as thrown by the stream.
  const watched = async function* (): ByteStream {
    try {
      for (let next = await nextChunk(); next.done !== true; next = await nextChunk()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  };
  const [result] = await Promise.allSettled([read(watched())]);
  if (faults.length > 0) throw faults[0];
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
