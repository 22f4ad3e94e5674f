// What waits too long for a message that does not come goes on without it; what waits for its sender goes on once FHIR knows them.
import type { Bridge } from '../flows/bridge.ts';
import { releaseOverdue, releaseWaiting } from '../flows/items/waiting.ts';
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
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    pass: () =>
      transact(async (tx) => {
        const now = clock.now();
        const senders = await store.waitingItems.findKnownSenders(tx);
        const items = [
          ...(await releaseOverdue(store, tx, now)),
          ...(await releaseWaiting(store, tx, senders, `known ${now.toISOString()}`)),
        ];
        if (items.length > 0) await enqueue(tx, items);
        return items.length;
      }),
  };
}
