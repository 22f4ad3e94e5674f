// Watches whether the FHIR server was put back to an earlier state, and has every room compared with it then.
import type { Bridge } from '../flows/bridge.ts';
import { compareNextRooms, lookForRestoration } from '../flows/restored-fhir.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 15_000;
const GAP_MS = 200;

/** The job. A comparison that was interrupted goes on where it was. */
export function watchRestoredFhir(bridge: Bridge): BridgeJob {
  return {
    name: 'restored-fhir',
    service: 'fhir',
    intervalMs: INTERVAL_MS,
    gapMs: GAP_MS,
    withoutBot: true,
    async pass(signal, again) {
      const isRestored = await lookForRestoration(bridge, signal);
      const asked = await compareNextRooms(bridge);
      if (isRestored || asked > 0) again();
      return asked;
    },
  };
}
