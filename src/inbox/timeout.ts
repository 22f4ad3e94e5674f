// Waiting for something, but not for ever.
import type { Sleep } from '../domain/clock.ts';

/** What `work` comes to, or `too late` when that takes longer than `ms`; the work itself goes on. */
export async function withTimeout<Result>(
  work: Promise<Result>,
  ms: number,
  sleep: Sleep,
): Promise<Result | 'too late'> {
  const settled = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, settled.signal).then(() => 'too late' as const)]);
  } finally {
    settled.abort();
  }
}
