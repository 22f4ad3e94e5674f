// Gives Communications that were sent into their rooms the ids of their events, a little later.
import type { Bridge } from '../flows/bridge.ts';
import { createWriteBackDue } from '../flows/messages/write-back-due.ts';
import { WRITE_BACK_CHANNEL } from '../store/write-backs.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60_000;

/** The job. */
export function writeBackEventIds(bridge: Bridge): BridgeJob {
  const { db, settings, store } = bridge;
  const writeBackDue = createWriteBackDue(bridge);
  return {
    name: 'write-back',
    service: 'fhir',
    intervalMs: INTERVAL_MS,
    // A longer gap would look as if the job stood still.
    gapMs: Math.min(settings.writeBackDelayMs, INTERVAL_MS),
    wakeUps: { channel: WRITE_BACK_CHANNEL },
    async pass(signal, again) {
      const done = await writeBackDue(signal);
      if (await store.writeBacks.areWriteBacksLeft(db)) again();
      return done;
    },
  };
}
