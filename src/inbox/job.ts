// A job: what one replica at a time does again and again, when it is woken and every so often all the same.
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { NotePass } from './job-passes.ts';
import type { Replica } from './replica.ts';

export interface Job {
  /** Of its lease, in its metrics and in logs. It lasts: replicas of two versions share the lease. */
  readonly name: string;
  /** Between two passes when nothing wakes it; a function is asked after each pass. */
  readonly intervalMs: number | (() => number);
  /** What that time grows to, doubling, while nothing wakes it and passes find nothing. */
  readonly mostIntervalMs?: number;
  /** The least time between the beginnings of two passes: wake-ups in between are answered by one pass. */
  readonly gapMs?: number;
  /** What that time grows to, doubling, while passes find nothing. */
  readonly mostGapMs?: number;
  /** The channel of the notifications that wake it, and which of them do; an empty one does in any case. */
  readonly wakeUps?: { readonly channel: string; readonly isFor?: (payload: string) => boolean };
  /**
   * Does what there is to do.
   * @param again asks for another pass
   * @returns how much there was
   */
  readonly pass: (signal: AbortSignal, again: () => void) => Promise<number>;
}

/** How soon a job that is woken is tried again; each further failure doubles that, up to the interval. */
const FIRST_RETRY_MS = 1_000;

export interface JobDeps {
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'readerPasses' | 'readerItems'>;
  readonly notePass: NotePass;
}

/** Creates the repetition of a job; run it under a lease. Its passes are counted, and what they found. */
export function repeatJob(job: Job, { sleep, log, metrics, notePass }: JobDeps) {
  const { name, intervalMs, mostIntervalMs = 0, gapMs = 0, mostGapMs = gapMs, wakeUps } = job;
  let failures = 0;
  let woken = new AbortController();
  const wake = (): void => {
    woken.abort();
  };

  async function note(result: 'ok' | 'failed'): Promise<void> {
    metrics.readerPasses.inc({ reader: name, result });
    await notePass(name, result).catch((error: unknown) => {
      log.debug({ job: name, error }, 'Could not note how a pass ended');
    });
  }

  /** Returns how much there was; undefined where the pass failed. */
  async function passOnce(signal: AbortSignal): Promise<number | undefined> {
    try {
      const found = await job.pass(signal, wake);
      metrics.readerItems.inc({ reader: name }, found);
      await note('ok');
      return found;
    } catch (error) {
      if (signal.aborted) return undefined;
      log.warn({ job: name, error }, 'A pass failed and will be repeated');
      await note('failed');
      return undefined;
    }
  }

  const untilNext = (): number => (typeof intervalMs === 'number' ? intervalMs : intervalMs());

  const longer = (ms: number, doubled: number): number =>
    Math.max(ms, Math.min(ms * 2 ** Math.max(0, doubled), mostIntervalMs));

  /** People wait for a job that is woken; the interval is for the case that it is not. */
  function untilRetry(): number {
    return wakeUps === undefined ? untilNext() : Math.min(untilNext(), FIRST_RETRY_MS * 2 ** (failures - 1));
  }

  return {
    /** Asks for a pass; one that is under way does not count, since it may have looked already. */
    wake,
    /** Makes passes until the signal is aborted. A failed pass is logged, and repeated: of a job that is woken, soon. */
    run: async (signal: AbortSignal): Promise<void> => {
      let longGapMs = gapMs;
      let inVain = 0;
      while (!signal.aborted) {
        woken = new AbortController();
        const gap = sleep(gapMs, signal);
        const longGap = longGapMs > gapMs ? sleep(longGapMs, signal) : gap;
        const found = await passOnce(signal);
        failures = found === undefined ? failures + 1 : 0;
        inVain = found === 0 ? inVain + 1 : 0;
        // A server that just failed is not asked again at once, however often it wakes the job.
        await (found === undefined
          ? sleep(untilRetry(), signal)
          : sleep(longer(untilNext(), inVain - 1), AbortSignal.any([signal, woken.signal])));
        // Whatever woke it may be shown later than it was told of.
        if (woken.signal.aborted) inVain = 0;
        longGapMs = found === 0 ? Math.min(2 * longGapMs, mostGapMs) : gapMs;
        await (found === 0 ? longGap : gap);
      }
    },
  };
}

/**
 * Runs each job on one of the replicas at a time, for as long as this one works.
 * @param ready is waited for whenever this replica gets a job's lease
 */
export async function startJobs<Kind extends Job>(
  replica: Pick<Replica, 'listen' | 'runJob'>,
  jobs: readonly Kind[],
  deps: JobDeps & { readonly ready: (job: Kind, signal: AbortSignal) => Promise<void> },
): Promise<void> {
  for (const job of jobs) {
    const { wake, run } = repeatJob(job, deps);
    if (job.wakeUps !== undefined) {
      const { channel, isFor = () => true } = job.wakeUps;
      await replica.listen(channel, (payload) => {
        if (payload === '' || isFor(payload)) wake();
      });
    }
    replica.runJob(job.name, async (signal) => {
      await deps.ready(job, signal);
      await run(signal);
    });
  }
}
