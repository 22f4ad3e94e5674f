// The clock of periods: wakes when one begins or ends from which a room was made, and asks for the room. One replica does it.
import type { Sleep } from '../domain/clock.ts';
import type { Bridge } from '../flows/bridge.ts';
import { convergeDue } from '../flows/structure/converge-due.ts';
import { createReader } from '../inbox/reader.ts';
import type { LeasedReader } from './readers.ts';
import { saveCursor } from '../store/cursors.ts';
import { CONVERGE_AT_CHANNEL } from '../store/rooms.ts';

const NAME = 'periods';
/** How often it is looked at least: the time of day may jump, and a ring may be lost. */
const LOOK_INTERVAL_MS = 30_000;
/** Rings within this time are answered by one look. */
const GAP_MS = 1000;

/** Creates the clock. */
export function createPeriodClock({ bridge, sleep }: { bridge: Bridge; sleep: Sleep }): LeasedReader {
  const { clock, db, log, metrics } = bridge;
  let next: Date | undefined;
  const reader = createReader({
    ...{ name: NAME, gapMs: GAP_MS, sleep, log },
    intervalMs: () => sleepUntil(next, clock.now()),
    onPass: (result) => {
      metrics.readerPasses.inc({ reader: NAME, result: 'failed' in result ? 'failed' : 'ok' });
      if ('found' in result) metrics.readerItems.inc({ reader: NAME }, result.found);
    },
    pass: async () => {
      next = undefined;
      const found = await convergeDue(bridge);
      await saveCursor(db, NAME, clock.now().toISOString());
      next = found.next;
      return found.asked;
    },
  });
  return { ...reader, name: NAME, channel: CONVERGE_AT_CHANNEL, hears: () => true, withoutBot: true };
}

function sleepUntil(next: Date | undefined, now: Date): number {
  const ms = next === undefined ? LOOK_INTERVAL_MS : next.getTime() - now.getTime();
  return Math.min(Math.max(ms, 0), LOOK_INTERVAL_MS);
}
