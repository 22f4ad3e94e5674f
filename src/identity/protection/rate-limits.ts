// How often who may ask for what (rate-limiter-flexible, in the memory of each replica).
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Takes points of a key. Returns undefined when there were enough, else how long to wait, in milliseconds. */
export type TakePoints = (key: string, points?: number) => Promise<number | undefined>;

/**
 * Creates a limiter. Its count is this replica's own: N replicas together allow N times as much, which the limits'
 * purpose (slowing down guesses and harvests) bears, where a shared count would cost a write for each question.
 * @param limits so many points in so many seconds for each key, the shortest first; who is refused by one takes nothing of those after it
 */
export function createRateLimiter(limits: readonly { points: number; seconds: number }[]): TakePoints {
  const limiters = limits.map(({ points, seconds }) => new RateLimiterMemory({ points, duration: seconds }));
  return async (key, points = 1) => {
    try {
      for (const limiter of limiters) await limiter.consume(key, points);
      return undefined;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  };
}
