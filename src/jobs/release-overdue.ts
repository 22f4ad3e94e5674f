// What waits too long for a message that does not come goes on without it.
import type { Bridge } from '../flows/bridge.ts';
import { releaseOverdue } from '../flows/items/waiting.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 5_000;

/** The job. */
export function releaseOverdueItems({
  clock,
  enqueue,
  store,
  transact,
}: Pick<Bridge, 'clock' | 'enqueue' | 'store' | 'transact'>): BridgeJob {
  return {
    name: 'release-overdue',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    pass: () =>
      transact(async (tx) => {
        const items = await releaseOverdue(store, tx, clock.now());
        if (items.length > 0) await enqueue(tx, items);
        return items.length;
      }),
  };
}
