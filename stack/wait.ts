// Waiting for something to become true, with a deadline instead of a guessed sleep.
import { setTimeout as sleep } from 'node:timers/promises';

/** How `waitUntil` waits. */
export interface WaitOptions {
  /** What is awaited, for the error: "PostgreSQL answers". */
  readonly what: string;
  /** Milliseconds after which the wait fails. */
  readonly timeoutMs: number;
  /** Milliseconds between two looks; 100 unless told. */
  readonly everyMs?: number;
}

/**
 * Asks again and again until `probe` answers with something other than `undefined` or `false`, and returns that.
 * What the probe throws ends the wait at once.
 */
export async function waitUntil<T>(
  probe: () => T | Promise<T>,
  { what, timeoutMs, everyMs = 100 }: WaitOptions,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > deadline)
      throw new Error(`Gave up after ${timeoutMs / 1000} s waiting until ${what}.`);
    await sleep(everyMs);
  }
}

/** True when a GET on this URL is answered with 200; false for any other answer, none, or one later than 5 s. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
