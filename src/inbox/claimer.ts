// Keeps a replica's slots busy: claims lanes when there may be some, and gives each a slot.
import type { Clock, Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { createBell } from './bell.ts';
import { claimLanes, type ClaimedLane } from './claim.ts';
import { describeThrown } from './errors.ts';
import type { InboxMetrics } from './metrics.ts';
import type { Session } from './session.ts';

export interface ClaimerDeps {
  /** How many lanes are worked on at the same time. */
  readonly slots: number;
  /** The longest time between two claims while a slot is free: the net under lost wake-ups. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: InboxMetrics;
  /** Works on a lane to the end; never rejects. */
  readonly work: (session: Session, lane: ClaimedLane) => Promise<void>;
}

export interface Claimer {
  /** A lane may have become ready. */
  readonly wake: () => void;
  /** Claims no more; what is claimed is worked on as before. */
  readonly stop: () => void;
  /** True when lanes may be waiting for a slot. */
  readonly lanesWait: () => boolean;
  /** Claims until the session is lost or the claimer stopped. */
  readonly run: (session: Session) => Promise<void>;
  /** Resolves when nothing is being worked on, on this session or lost ones. */
  readonly settled: () => Promise<void>;
}

/**
 * Makes the claimer of a replica; one session runs at a time. Each has all the slots for itself: handlers that do not
 * heed their aborted signals must not keep a replica from working after it lost a session.
 */
export function createClaimer(deps: ClaimerDeps): Claimer {
  const { slots, log, metrics } = deps;
  const bell = createBell(deps.sleep);
  const unsettled = new Set<Promise<void>>();
  let stopped = false;
  let lanesWait = false;

  async function claim(session: Session, free: number): Promise<ClaimedLane[]> {
    try {
      const lanes = await claimLanes(session.database, session.replica, free);
      const takenOver = lanes.filter((lane) => lane.takenOver).length;
      metrics.claimed?.({ lanes: lanes.length, takenOver, freeSlots: free });
      return lanes;
    } catch (error) {
      // Whether it was written nobody knows, and a lane that is owned but not worked on would stand still.
      if (!session.signal.aborted) log.error({ error: describeThrown(error) }, 'Could not claim lanes');
      session.lose('a claim failed');
      return [];
    }
  }

  function start(session: Session, lane: ClaimedLane, working: Set<Promise<void>>): void {
    const work = deps.work(session, lane).finally(() => {
      working.delete(work);
      unsettled.delete(work);
      if (lanesWait) bell.ring();
    });
    working.add(work);
    unsettled.add(work);
  }

  async function run(session: Session): Promise<void> {
    const working = new Set<Promise<void>>();
    session.signal.addEventListener('abort', bell.ring, { once: true });
    bell.ring();
    for (;;) {
      await bell.wait(deps.pollMs);
      if (stopped || session.signal.aborted) break;
      const free = slots - working.size;
      if (free === 0) {
        lanesWait = true;
        continue;
      }
      const lanes = await claim(session, free);
      // Only a full claim may have left lanes behind. Claiming whenever a slot becomes free would cost one claim
      // for every item that comes alone.
      lanesWait = lanes.length === free;
      for (const lane of lanes) start(session, lane, working);
    }
  }

  return {
    wake: bell.ring,
    lanesWait: () => lanesWait,
    stop() {
      stopped = true;
      bell.ring();
    },
    run,
    async settled() {
      await Promise.all(unsettled);
    },
  };
}
