// The nightly reconcile: every space and room is compared with FHIR, lost invitations are found, all is mended and counted.
import type { Config } from '../config/schema.ts';
import { typeOf } from '../domain/ids.ts';
import type { Bridge } from '../flows/bridge.ts';
import { findMissedInvitations } from '../flows/invitations/missed-invitations.ts';
import { resync } from '../flows/structure/resync.ts';
import { readCursor, saveCursor } from '../store/cursors.ts';
import type { BridgeJob } from './job.ts';

const NAME = 'nightly-reconcile';
/** How often it looks whether the hour has come. */
const LOOK_INTERVAL_MS = 10 * 60 * 1000;

/** A night with very many rooms. */
const LATE_AFTER_MS = 24 * 60 * 60 * 1000;

/** The job. The first look of all only takes note of the day: a new bridge has nothing to compare. */
export function nightlyReconcile(
  bridge: Bridge,
  { fhir, nightlyReconcile: { hour } }: Pick<Config, 'fhir' | 'nightlyReconcile'>,
): BridgeJob {
  const { clock, db } = bridge;
  return {
    name: NAME,
    service: 'fhir',
    intervalMs: LOOK_INTERVAL_MS,
    lateAfterMs: LATE_AFTER_MS,
    async pass(signal) {
      const now = clock.now();
      const today = now.toISOString().slice(0, 10);
      const last = await readCursor(db, NAME);
      const isDue = last !== undefined && last < today && now.getUTCHours() >= hour;
      const mended = isDue ? await reconcile(bridge, fhir.readFrom === 'beginning', signal) : 0;
      if (isDue) await findInvitations(bridge, today, signal);
      if (last === undefined || isDue) await saveCursor(db, NAME, today);
      return mended;
    },
  };
}

async function reconcile(bridge: Bridge, all: boolean, signal: AbortSignal): Promise<number> {
  const summary = await resync(
    bridge,
    { dryRun: false, all },
    ({ reference, state }) => {
      if (state === 'differs') bridge.metrics.reconcileMended.inc({ kind: typeOf(reference) });
      if (state === 'failed')
        bridge.log.warn({ reference }, 'The nightly reconcile could not compare a room');
    },
    signal,
  );
  bridge.log.info({ ...summary }, 'The nightly reconcile is done');
  return summary.differed;
}

async function findInvitations(bridge: Bridge, day: string, signal: AbortSignal): Promise<void> {
  const found = await findMissedInvitations(bridge, day, signal);
  bridge.metrics.reconcileMended.inc({ kind: 'invitation' }, found);
  if (found > 0) bridge.log.info({ found }, 'Found invitations that were never pushed');
}
