// Removes what the tables of the bridge remember of what is over, once it is old enough.
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import { prune, PRUNINGS } from '../store/prunings.ts';
import { inBatches } from '../inbox/in-batches.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60 * 60 * 1000;
const BATCH = 1000;

/** The job. */
export function pruneTraces(
  { db, clock }: Pick<Bridge, 'clock' | 'db'>,
  { retention }: Pick<Config, 'retention'>,
): BridgeJob {
  return {
    name: 'prune-traces',
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    async pass(signal) {
      let pruned = 0;
      for (const pruning of PRUNINGS) {
        const before = new Date(clock.now().getTime() - retention[pruning.keptFor]);
        pruned += await inBatches(signal, BATCH, (batch) => prune(db, pruning, before, batch));
      }
      return pruned;
    },
  };
}
