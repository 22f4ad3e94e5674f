// The scheduler of periods: when one begins or ends from which a room was made, it asks for the room.
import type { Bridge } from '../flows/bridge.ts';
import { convergeDue } from '../flows/structure/converge-due.ts';
import { saveCursor } from '../store/cursors.ts';
import { CONVERGE_AT_CHANNEL } from '../store/rooms.ts';
import type { BridgeJob } from './job.ts';

const NAME = 'periods';
/** How often it looks at least: the time of day may jump, and a wake-up may be lost. */
const LOOK_INTERVAL_MS = 30_000;
const GAP_MS = 1000;
const LATE_AFTER_MS = 3 * 60_000;

/** The job. */
export function schedule(bridge: Pick<Bridge, 'clock' | 'db' | 'enqueue' | 'store' | 'transact'>): BridgeJob {
  const { clock, db } = bridge;
  let next: Date | undefined;
  return {
    name: NAME,
    service: 'database',
    gapMs: GAP_MS,
    intervalMs: () => sleepUntil(next, clock.now()),
    lateAfterMs: LATE_AFTER_MS,
    wakeUps: { channel: CONVERGE_AT_CHANNEL },
    withoutBot: true,
    async pass() {
      next = undefined;
      const found = await convergeDue(bridge);
      await saveCursor(db, NAME, clock.now().toISOString());
      next = found.next;
      return found.asked;
    },
  };
}

function sleepUntil(next: Date | undefined, now: Date): number {
  const ms = next === undefined ? LOOK_INTERVAL_MS : next.getTime() - now.getTime();
  return Math.min(Math.max(ms, 0), LOOK_INTERVAL_MS);
}
