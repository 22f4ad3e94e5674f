// Feeds the look-ups of the identity port to the audit trail.
import type { Bridge } from '../flows/bridge.ts';
import { feedLookUps } from '../flows/audit/feed-look-ups.ts';
import type { BridgeJob } from './job.ts';

const BATCH = 200;
const INTERVAL_MS = 1_000;
/** While there are more; other work on the database comes in between. */
const NEXT_BATCH_MS = 50;

/** The job. */
export function feedAudit(bridge: Pick<Bridge, 'auditTrail' | 'enqueue' | 'store' | 'transact'>): BridgeJob {
  let isFull = false;
  return {
    name: 'audit:look-ups',
    service: 'audit',
    intervalMs: () => (isFull ? NEXT_BATCH_MS : INTERVAL_MS),
    withoutBot: true,
    async pass() {
      const fed = await feedLookUps(bridge, BATCH);
      isFull = fed === BATCH;
      return fed;
    },
  };
}
