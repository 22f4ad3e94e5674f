// The real clock and the real sleep.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Sleep } from '../domain/clock.ts';

export const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
export const sleep: Sleep = async (ms, signal) => {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
};
