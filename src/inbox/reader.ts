// A reader's loop: a pass when the doorbell rings, and one every so often all the same.
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { describeThrown } from './errors.ts';

export interface ReaderDeps {
  /** For logs. */
  readonly name: string;
  /** Reads what is new and stores it. @returns how much that was */
  readonly pass: (signal: AbortSignal) => Promise<number>;
  /** Between two passes when nobody rings; a function is asked after each pass. */
  readonly intervalMs: number | (() => number);
  /** The least time between the beginnings of two passes: rings in between are answered by one pass. */
  readonly gapMs: number;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly onPass: (result: { found: number } | { failed: true }) => void;
}

export interface Reader {
  /** Asks for a pass; one that is under way does not count, since it may have read already. */
  readonly ring: () => void;
  /** Makes passes until the signal is aborted. A failed pass is logged, and repeated after the interval. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Creates a reader; run it under a lease, so that one replica reads. */
export function createReader({ name, pass, intervalMs, gapMs, sleep, log, onPass }: ReaderDeps): Reader {
  let rung = new AbortController();

  async function passOnce(signal: AbortSignal): Promise<boolean> {
    try {
      onPass({ found: await pass(signal) });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      onPass({ failed: true });
      log.warn({ reader: name, error: describeThrown(error) }, 'A pass failed and will be repeated');
      return false;
    }
  }

  return {
    ring() {
      rung.abort();
    },
    async run(signal) {
      while (!signal.aborted) {
        rung = new AbortController();
        const gap = sleep(gapMs, signal);
        const passed = await passOnce(signal);
        // A server that just failed is not asked again at once, however often it rings.
        const untilNext = typeof intervalMs === 'number' ? intervalMs : intervalMs();
        await sleep(untilNext, passed ? AbortSignal.any([signal, rung.signal]) : signal);
        await gap;
      }
    },
  };
}
