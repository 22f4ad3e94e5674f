// Keeps what waits for conversations without a room small: one row for each conversation, once its messages have waited long.
import type { Bridge } from '../flows/bridge.ts';
import { gatherWaiting } from '../flows/messages/gather-waiting.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 10 * 60_000;

/** The job. */
export function gatherLongWaiting(bridge: Pick<Bridge, 'clock' | 'db' | 'store' | 'transact'>): BridgeJob {
  return {
    name: 'gather-waiting',
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    pass: (signal) => gatherWaiting(bridge, signal),
  };
}
