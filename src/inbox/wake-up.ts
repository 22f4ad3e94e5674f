// Something to wait for that can come before the wait begins.
import type { Sleep } from '../domain/clock.ts';

export interface WakeUp {
  /** Ends the wait that is under way, or else the next one. */
  readonly wake: () => void;
  /** Waits to be woken, for `timeoutMs` at most. */
  readonly wait: (timeoutMs: number) => Promise<void>;
}

/** Makes a wake-up for one loop to wait for. */
export function createWakeUp(sleep: Sleep): WakeUp {
  let woken = false;
  let waiting: AbortController | undefined;
  return {
    wake() {
      woken = true;
      waiting?.abort();
    },
    async wait(timeoutMs) {
      if (!woken) {
        waiting = new AbortController();
        await sleep(timeoutMs, waiting.signal);
        waiting = undefined;
      }
      woken = false;
    },
  };
}
