// Watches the alarms, whichever replica raised them: for `/health`, the figures and the log.
import type { Sleep } from '../domain/clock.ts';
import { readAlarms, type Alarm } from '../store/alarms.ts';
import type { Queryable } from '../store/database.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

const LOOK_INTERVAL_MS = 10_000;

interface Deps {
  readonly pool: Queryable;
  readonly metrics: Pick<Metrics, 'alarm'>;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** Creates the watch. */
export function createAlarmWatch({ pool, metrics, sleep, log }: Deps) {
  let raised: readonly Alarm[] = [];

  /** Looks once, and tells of what has changed. */
  async function look(): Promise<void> {
    const found = await readAlarms(pool);
    const before = new Set(raised.map(({ name }) => name));
    metrics.alarm.reset();
    for (const { name } of found) {
      metrics.alarm.set({ alarm: name }, 1);
      if (!before.delete(name)) log.error({ alarm: name }, 'An alarm is raised');
    }
    for (const name of before) log.info({ alarm: name }, 'An alarm is over');
    raised = found;
  }

  return {
    look,
    /** The alarms that are raised, as of the last look. */
    raised: (): readonly Alarm[] => raised,
    /** Looks until the signal is aborted. Without the database the last look counts. */
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await look().catch((error: unknown) => {
          log.debug({ error }, 'Could not look at the alarms');
        });
        await sleep(LOOK_INTERVAL_MS, signal);
      }
    },
  };
}
