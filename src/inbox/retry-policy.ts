// When to try again, and when to give up. Pure.

/**
 * Asked after attempt `attempt` (1 for the first) has failed, `failingForMs` after the first failure of the item:
 * how many milliseconds to wait, or to give up.
 */
export type RetryPolicy = (attempt: number, failingForMs: number) => number | 'give up';

export interface ExponentialRetry {
  /** The longest delay after the first attempt; doubled with each further one. */
  readonly firstDelayMs: number;
  /** No delay is longer. */
  readonly maxDelayMs: number;
  /** Given up after this many attempts ... */
  readonly maxAttempts: number;
  /** ... or after failing for this long, whichever is first. */
  readonly maxAgeMs: number;
}

/**
 * Exponential back-off with full jitter: any delay from 0 to the bound is equally likely, so that lanes which failed
 * together, because one server was down, do not come back together. `random` gives numbers from 0 up to 1.
 */
export function exponentialRetry(options: ExponentialRetry, random: () => number): RetryPolicy {
  const { firstDelayMs, maxDelayMs, maxAttempts, maxAgeMs } = options;
  return (attempt, failingForMs) => {
    if (attempt >= maxAttempts || failingForMs >= maxAgeMs) return 'give up';
    return random() * Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
  };
}
