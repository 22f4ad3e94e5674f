// The time of day of the database: the same for all replicas, whatever the clock of their machine does.
import type { Clock } from '../domain/clock.ts';
import type { DatabaseTime } from '../inbox/session.ts';

/** A clock that is set by the database. */
export interface DatabaseClock extends Clock {
  /** Sets it. */
  readonly set: (time: DatabaseTime) => void;
}

/** An answer that took longer tells the time too vaguely, unless there was none before. */
const PRECISE_MS = 500;

/** Makes a clock that goes by the machine's own time of day until it is set for the first time. */
export function createDatabaseClock(local: Clock): DatabaseClock {
  /** By which the database's time of day is ahead of the local monotonic time. */
  let aheadMs: number | undefined;
  return {
    monotonicMs: () => local.monotonicMs(),
    now: () => (aheadMs === undefined ? local.now() : new Date(local.monotonicMs() + aheadMs)),
    set({ now, askedAtMs, answeredAtMs }) {
      if (aheadMs !== undefined && answeredAtMs - askedAtMs > PRECISE_MS) return;
      aheadMs = now.getTime() - (askedAtMs + answeredAtMs) / 2;
    },
  };
}
