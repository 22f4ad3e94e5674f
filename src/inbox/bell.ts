// Something to wait for that can be rung before anyone waits.
import type { Sleep } from '../domain/clock.ts';

export interface Bell {
  /** Ends the wait going on, or else the next one. */
  readonly ring: () => void;
  /** Waits for a ring, for `timeoutMs` at most. */
  readonly wait: (timeoutMs: number) => Promise<void>;
}

/** Makes a bell for one to wait at. */
export function createBell(sleep: Sleep): Bell {
  let rung = false;
  let waiting: AbortController | undefined;
  return {
    ring() {
      rung = true;
      waiting?.abort();
    },
    async wait(timeoutMs) {
      if (!rung) {
        waiting = new AbortController();
        await sleep(timeoutMs, waiting.signal);
        waiting = undefined;
      }
      rung = false;
    },
  };
}
