// Time for tests: the real one, one that jumps when told, and waiting for something to become true.
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Sleep } from '../../../src/domain/clock.ts';

export const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };

export const sleep: Sleep = (ms, signal) =>
  wait(ms, undefined, { ref: true, ...(signal ? { signal } : {}) }).catch(() => undefined);

/** A clock that runs like the real one, plus whatever it was put forward by. */
export function createJumpingClock(): Clock & {
  jumpMonotonic(ms: number): void;
  jumpWall(ms: number): void;
} {
  let monotonic = 0;
  let wall = 0;
  return {
    now: () => new Date(Date.now() + wall),
    monotonicMs: () => performance.now() + monotonic,
    jumpMonotonic(ms) {
      monotonic += ms;
    },
    jumpWall(ms) {
      wall += ms;
    },
  };
}

/** Resolves when `holds` says so; for what gives no signal of its own. */
export async function eventually(holds: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<void> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > timeoutMs) throw new Error(`Still not so: ${holds.toString()}`);
    await wait(3);
  }
}
