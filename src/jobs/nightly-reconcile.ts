// The nightly sweep: every space and room compared with FHIR, lost invitations found, all mended and counted, by one replica.
import type { Pool } from 'pg';
import type { Config } from '../config/schema.ts';
import type { Sleep } from '../domain/clock.ts';
import { typeOf } from '../domain/ids.ts';
import type { Bridge } from '../flows/bridge.ts';
import { findMissedInvitations } from '../flows/invitations/missed-invitations.ts';
import { resync } from '../flows/structure/resync.ts';
import { hasItemWith } from '../inbox/known-items.ts';
import { createReader } from '../inbox/reader.ts';
import type { LeasedReader } from './readers.ts';
import { readCursor, saveCursor } from '../store/cursors.ts';

const NAME = 'sweep';
const CHANNEL = 'bridge_sweep';
/** How often it is looked whether the hour has come. */
const LOOK_INTERVAL_MS = 10 * 60 * 1000;

/** Creates the sweep. The first look of all only takes note of the day: a new bridge has nothing to compare. */
export function createSweep({
  config,
  bridge,
  pool,
  sleep,
}: {
  config: Config;
  bridge: Bridge;
  pool: Pool;
  sleep: Sleep;
}): LeasedReader {
  const reader = createReader({
    ...{ name: NAME, intervalMs: LOOK_INTERVAL_MS, gapMs: 0, sleep, log: bridge.log },
    onPass: (result) => {
      bridge.metrics.readerPasses.inc({ reader: NAME, result: 'failed' in result ? 'failed' : 'ok' });
    },
    pass: async (signal) => {
      const now = bridge.clock.now();
      const today = now.toISOString().slice(0, 10);
      const last = await readCursor(pool, NAME);
      const isDue = last !== undefined && last < today && now.getUTCHours() >= config.sweep.hour;
      const mended = isDue ? await sweep(bridge, config.fhir.readFrom === 'beginning', signal) : 0;
      if (isDue) await findInvitations(bridge, pool, today, signal);
      if (last === undefined || isDue) await saveCursor(pool, NAME, today);
      return mended;
    },
  });
  return { ...reader, name: NAME, channel: CHANNEL, hears: () => false };
}

async function sweep(bridge: Bridge, all: boolean, signal: AbortSignal): Promise<number> {
  const summary = await resync(
    bridge,
    { dryRun: false, all },
    ({ reference, state }) => {
      if (state === 'differs') bridge.metrics.sweepMended.inc({ kind: typeOf(reference) });
      if (state === 'failed') bridge.log.warn({ reference }, 'The sweep could not compare a room');
    },
    signal,
  );
  bridge.log.info({ ...summary }, 'Swept');
  return summary.differed;
}

async function findInvitations(bridge: Bridge, pool: Pool, day: string, signal: AbortSignal): Promise<void> {
  const hasItem: Parameters<typeof findMissedInvitations>[1] = (where, part) =>
    hasItemWith(pool, where, part);
  const found = await findMissedInvitations(bridge, hasItem, day, signal);
  bridge.metrics.sweepMended.inc({ kind: 'invitation' }, found);
  if (found > 0) bridge.log.info({ found }, 'Found invitations that were never pushed');
}
