// Keeps a replica's slots busy: leases lanes when some may be ready, and gives each a slot.
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { leaseLanes, type LeasedLane } from './lease-lanes.ts';
import type { Session } from './session.ts';
import { exceptOne, isSuspect } from './suspects.ts';

export interface LaneLeaserDeps {
  /** How many lanes are worked on at the same time. */
  readonly slots: number;
  /** How many of them may be bulk lanes. */
  readonly bulkSlots: number;
  /** The longest time between two looks while a slot is free: the net under lost wake-ups. */
  readonly pollMs: number;
  readonly sleep: Sleep;
  readonly log: Log;
  /** Works on a lane to the end; never rejects. */
  readonly work: (session: Session, lane: LeasedLane) => Promise<void>;
  /** Called when lanes are to wait, so that they are looked for again after this time. */
  readonly onPostponed: (delayMs: number) => void;
}

export interface LaneLeaser {
  /** A lane may have become ready. */
  readonly wake: () => void;
  /** Leases no more lanes; those that are leased are worked on as before. */
  readonly stop: () => void;
  /** True when lanes may be waiting for the slot of this one. */
  readonly lanesWait: (lane: Pick<LeasedLane, 'isBulk'>) => boolean;
  /** Leases lanes until the session is lost or the leaser stopped. */
  readonly run: (session: Session) => Promise<void>;
  /** Resolves when nothing is being worked on, on this session or lost ones. */
  readonly settled: () => Promise<void>;
}

/**
 * Makes the leaser of a replica; one session runs at a time. Each has all the slots for itself: handlers that do not
 * heed their aborted signals must not keep a replica from working after it lost a session.
 */
export function createLaneLeaser(deps: LaneLeaserDeps): LaneLeaser {
  const { slots, bulkSlots } = deps;
  const wakeUp = createWakeUp(deps.sleep);
  const unsettled = new Set<Promise<void>>();
  let stopped = false;
  let lanesWait = false;
  let bulkLanesWait = false;
  const waitsFor = ({ isBulk }: { isBulk: boolean }): boolean => lanesWait || (isBulk && bulkLanesWait);

  function start(session: Session, lane: LeasedLane, working: Map<Promise<void>, LeasedLane>): void {
    const work = deps.work(session, lane).finally(() => {
      working.delete(work);
      unsettled.delete(work);
      if (waitsFor(lane)) wakeUp.wake();
    });
    working.set(work, lane);
    unsettled.add(work);
  }

  async function run(session: Session): Promise<void> {
    const working = new Map<Promise<void>, LeasedLane>();
    session.signal.addEventListener('abort', wakeUp.wake, { once: true });
    wakeUp.wake();
    for (;;) {
      await wakeUp.wait(deps.pollMs);
      if (stopped || session.signal.aborted) break;
      const free = slots - working.size;
      if (free === 0) {
        lanesWait = true;
        continue;
      }
      const bulkFree = Math.max(0, bulkSlots - countBulk(working.values()));
      const lanes = await lease(deps, session, { free, bulkFree });
      // Only when all slots were filled may lanes be left. Looking whenever a slot becomes free would cost one look
      // for every item that comes alone.
      lanesWait = lanes.length === free;
      bulkLanesWait = countBulk(lanes) === bulkFree;
      const suspects = await exceptOne(deps, session, lanes, [...working.values()].some(isSuspect));
      for (const lane of lanes) if (!suspects.has(lane)) start(session, lane, working);
    }
  }

  return {
    wake: wakeUp.wake,
    lanesWait: waitsFor,
    stop() {
      stopped = true;
      wakeUp.wake();
    },
    run,
    async settled() {
      await Promise.all(unsettled);
    },
  };
}

async function lease(
  { log }: Pick<LaneLeaserDeps, 'log'>,
  session: Session,
  { free, bulkFree }: { readonly free: number; readonly bulkFree: number },
): Promise<LeasedLane[]> {
  try {
    const lanes = await leaseLanes(session.database, session.replica, free, bulkFree);
    const takenOver = lanes.filter((lane) => lane.takenOver).length;
    log.debug({ lanes: lanes.length, takenOver }, 'Leased lanes');
    return lanes;
  } catch (error) {
    // It is unknown whether that was written, and a lane that is owned but not worked on would stand still.
    if (!session.signal.aborted) log.error({ error }, 'Could not lease lanes');
    session.lose('lanes could not be leased');
    return [];
  }
}

function countBulk(lanes: Iterable<LeasedLane>): number {
  return [...lanes].filter(({ isBulk }) => isBulk).length;
}

/** Makes a wake-up for one loop to wait for; it can come before the wait begins. */
function createWakeUp(sleep: Sleep) {
  let woken = false;
  let waiting: AbortController | undefined;
  return {
    /** Ends the wait that is under way, or else the next one. */
    wake: (): void => {
      woken = true;
      waiting?.abort();
    },
    /** Waits to be woken, for `timeoutMs` at most. */
    async wait(timeoutMs: number): Promise<void> {
      if (!woken) {
        waiting = new AbortController();
        await sleep(timeoutMs, waiting.signal);
        waiting = undefined;
      }
      woken = false;
    },
  };
}
