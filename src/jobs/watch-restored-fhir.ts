// Watches whether the FHIR server went back to an earlier state, also while nothing comes from it.
import type { Bridge } from '../flows/bridge.ts';
import { lookForRestoration } from '../flows/restorations/fhir.ts';
import type { BridgeJob } from './job.ts';

/** Each pass of a reader looks for what it read last as well; this looks for more, and where nobody does. */
const INTERVAL_MS = 60_000;

/** The job. */
export function watchRestoredFhir(bridge: Bridge): BridgeJob {
  return {
    name: 'restored-fhir',
    service: 'fhir',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    pass: async (signal) => ((await lookForRestoration(bridge, signal)) ? 1 : 0),
  };
}
