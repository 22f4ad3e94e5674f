// Raises the number by which the bridge sees that its database or the homeserver has gone back to an earlier state.
import type { Bridge } from '../flows/bridge.ts';
import { raiseNumbers } from '../flows/restorations/continuity.ts';
import type { BridgeJob } from './job.ts';

/** A state that is restored from so short a time ago is not told from the present one. */
const INTERVAL_MS = 10_000;

/** The job. */
export function keepContinuity(
  bridge: Pick<Bridge, 'db' | 'homeserver' | 'log' | 'settings' | 'store' | 'transact'>,
): BridgeJob {
  return {
    name: 'continuity',
    service: 'matrix',
    intervalMs: INTERVAL_MS,
    async pass(signal) {
      await raiseNumbers(bridge, signal);
      return 0;
    },
  };
}
