// The load: connections that are kept, each sending its next request as soon as it has its answer.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request, ready to be written, and what must be in the answer to it. */
export interface Shot {
  readonly bytes: Buffer;
  readonly expected: string;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds of each request, without the warm-up. */
  readonly latencies: readonly number[];
  /** Answers that were not as expected. */
  readonly wrong: number;
}

/** How long to send, and how much of that does not count. */
export interface LoadTime {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

/** Sends shots over `connections` connections; connection i takes every so-manieth shot from the i-th on. */
export async function load(
  port: number,
  shots: readonly Shot[],
  connections: number,
  { warmUpMs, measuredMs }: LoadTime,
): Promise<LoadResult> {
  const begin = performance.now() + warmUpMs;
  const end = begin + measuredMs;
  const latencies: number[] = [];
  let wrong = 0;
  const shoot = async (first: number): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    for (let index = first; performance.now() < end; index += connections) {
      const shot = shots[index % shots.length];
      if (shot === undefined) throw new TypeError('There is nothing to send');
      const sent = performance.now();
      const answer = await exchange(socket, shot.bytes);
      const now = performance.now();
      if (now >= begin && now < end) latencies.push(now - sent);
      if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(shot.expected)) wrong += 1;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, first) => shoot(first)));
  return { perSecond: (latencies.length / measuredMs) * 1000, latencies, wrong };
}

/** Writes a request and reads its answer, whose length its head tells. */
function exchange(socket: Socket, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const settle = (): void => {
      socket.off('data', take).off('error', reject).off('close', closed);
    };
    const closed = (): void => {
      reject(new Error('The connection was closed before the answer was there'));
    };
    const take = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(received) ?? [];
      if (received.length < head + 4 + Number(length)) return;
      settle();
      resolve(received);
    };
    socket.on('data', take).on('error', reject).on('close', closed);
    socket.write(bytes);
  });
}
