// Ends the access to rooms that were separated from their resource.
import type { Bridge } from '../flows/bridge.ts';
import { lookAtOrphans } from '../flows/structure/orphaned-rooms.ts';
import { ORPHANED_CHANNEL } from '../store/orphaned-rooms.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60_000;
const GAP_MS = 1000;

/** The job. */
export function closeOrphans(bridge: Bridge): BridgeJob {
  return {
    name: 'orphaned-rooms',
    service: 'matrix',
    intervalMs: INTERVAL_MS,
    gapMs: GAP_MS,
    wakeUps: { channel: ORPHANED_CHANNEL },
    pass: (signal) => lookAtOrphans(bridge, signal),
  };
}
