// Watches the jobs of all replicas, by what they note in the database: for `/health`, the figures and the log.
import type { Clock, Sleep } from '../domain/clock.ts';
import { readPasses } from '../inbox/job-passes.ts';
import type { BridgeJob } from '../jobs/job.ts';
import { findOpen, RESTORABLE, type Restorable } from '../store/restorations.ts';
import { lateAfter, standingStill, type StandingStill } from '../ops/standing-still.ts';
import type { Queryable } from '../store/database.ts';
import { countGone } from '../store/room-resources.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

const LOOK_INTERVAL_MS = 10_000;

interface Deps {
  readonly pool: Queryable;
  readonly jobs: readonly Pick<BridgeJob, 'intervalMs' | 'lateAfterMs' | 'name' | 'service'>[];
  readonly metrics: Pick<
    Metrics,
    'readerDegraded' | 'readerFailures' | 'readerLastPass' | 'resourcesGone' | 'restored'
  >;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** A job that stands still, with the service that is degraded by it. */
export interface StillJob {
  readonly service: string;
  readonly how: StandingStill;
}

/** Creates the watch. */
export function createJobWatch({ pool, jobs, metrics, clock, sleep, log }: Deps) {
  const watchedSinceMs = clock.monotonicMs();
  let still: ReadonlyMap<string, StillJob> = new Map();
  let restored: readonly Restorable[] = [];
  let gone = 0;

  /** Looks once, and tells of what has changed. */
  async function look(): Promise<void> {
    const known = await readPasses(pool);
    const watchedForMs = clock.monotonicMs() - watchedSinceMs;
    const found = new Map<string, StillJob>();
    for (const { name, intervalMs, lateAfterMs, service } of jobs) {
      const interval = typeof intervalMs === 'number' ? intervalMs : intervalMs();
      const passes = known.get(name);
      const how = standingStill(lateAfterMs ?? lateAfter(interval), passes, watchedForMs);
      if (how !== undefined) found.set(name, { service, how });
      metrics.readerDegraded.set({ reader: name }, how === undefined ? 0 : 1);
      metrics.readerFailures.set({ reader: name }, passes?.failures ?? 0);
      metrics.readerLastPass.set({ reader: name }, passes?.goodSecondsAgo ?? watchedForMs / 1000);
      if (how !== undefined && still.get(name)?.how !== how)
        log.error({ job: name, how, ...passes }, 'A job stands still');
      if (how === undefined && still.has(name)) log.info({ job: name }, 'A job goes on');
    }
    still = found;
    restored = (await findOpen(pool)).map(({ what }) => what);
    gone = await countGone(pool);
    metrics.resourcesGone.set(gone);
    for (const what of RESTORABLE) metrics.restored.set({ what }, restored.includes(what) ? 1 : 0);
  }

  return {
    look,
    /** The jobs that stand still, as of the last look. */
    still: (): ReadonlyMap<string, StillJob> => still,
    /** What went back to an earlier state, as long as not all is compared since. */
    restored: (): readonly Restorable[] => restored,
    /** How many spaces and rooms have lost their resource and still have their members. */
    gone: (): number => gone,
    /** Looks until the signal is aborted. Without the database the last look counts: that it is away is told by its own check. */
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await look().catch((error: unknown) => {
          log.debug({ error }, 'Could not look at the passes of the jobs');
        });
        await sleep(LOOK_INTERVAL_MS, signal);
      }
    },
  };
}
