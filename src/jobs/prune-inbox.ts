// Removes handled items from the inbox once they are old enough.
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import { pruneItems } from '../inbox/prune-items.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60 * 60 * 1000;
const BATCH = 1000;

/** The job. */
export function pruneInbox(
  { db, clock }: Pick<Bridge, 'clock' | 'db'>,
  { inbox }: Pick<Config, 'inbox'>,
): BridgeJob {
  return {
    name: 'prune-inbox',
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    pass() {
      const olderThan = new Date(clock.now().getTime() - inbox.retentionMs);
      return pruneItems(db, { olderThan, batch: BATCH });
    },
  };
}
