// A replica: one of N equal processes that work on the lanes, each with a session, slots, jobs and listeners.
import type { Client, Pool } from 'pg';
import { createAcknowledge } from './acknowledge.ts';
import type { AttemptDeps } from './attempt-context.ts';
import { createLaneLeaser, type LaneLeaser } from './lane-leaser.ts';
import { workOnLane, type LaneWorkerDeps } from './lane-worker.ts';
import { keepJobLease, type RunJob } from './job-lease.ts';
import { createListeners, type Listeners } from './listeners.ts';
import { laneReadyChannel } from './notify.ts';
import { removeLostReplica } from './replica-rows.ts';
import { openSession, type Session, type SessionDeps, type SessionTimings } from './session.ts';
import { withTimeout } from './timeout.ts';

/** How often and how long, in milliseconds. */
export interface Timings extends SessionTimings {
  /** Between two looks for ready lanes when nothing wakes it. */
  readonly pollMs: number;
  /** How long a lane may keep its slot while others wait. */
  readonly sliceMs: number;
  /** Between two tries to get the lease of a job, or to connect again. */
  readonly tryEveryMs: number;
}

/** Continues within about a second after a process died, and within 15 s after a host did. */
export const defaultTimings: Timings = {
  heartbeatMs: 1_000,
  trustedForMs: 10_000,
  staleAfterMs: 15_000,
  pollMs: 2_000,
  sliceMs: 1_000,
  tryEveryMs: 1_000,
};

export interface ReplicaDeps extends Omit<AttemptDeps, 'acknowledge' | 'onPostponed'> {
  /** For acknowledgements: up to one connection per slot is of use. May go through a pooler of any kind. */
  readonly pool: Pool;
  /** Opens a connected client that leads to PostgreSQL directly; this replica ends it. */
  readonly connectSession: () => Promise<Client>;
  /** Called when the session is lost: other connections may lead to the same host that is gone. */
  readonly onSessionLost?: (() => void) | undefined;
  readonly onTime?: SessionDeps['onTime'];
  /** How many lanes are worked on at the same time. */
  readonly slots: number;
  /** How many of them bulk lanes may take; without it all. */
  readonly bulkSlots?: number;
  readonly timings?: Partial<Timings>;
  /**
   * Resolves once the handler can handle anything, or the signal is aborted; waited for before lanes are leased. Those of a
   * replica that only waits would stand still, and be found in doubt when it dies.
   */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
}

export type ReplicaState = 'running' | 'reconnecting' | 'stopping' | 'stopped';

export interface Replica {
  /** `running`: has a session. `reconnecting`: lost it, works on nothing, and tries to get a new one. */
  readonly state: ReplicaState;
  /**
   * Runs `run` on one replica at a time, as long as that one lives; when `run` ends, it is run again after a while,
   * somewhere. At most one job of a name per replica.
   */
  runJob(name: string, run: RunJob): void;
  /**
   * Calls back for every message on the channel; resolves when it is listened to. Messages sent while the replica
   * reconnects are lost, so after that it calls once with an empty one: look for yourself.
   */
  listen(channel: string, callback: (payload: string) => void): Promise<void>;
  /**
   * Takes no more items, lets those under way finish for `graceMs`, then aborts their signals, gives every lane back and
   * leaves. Resolves when done, whether or not a handler heeds its signal.
   */
  stop(options: { graceMs: number }): Promise<void>;
}

/** Connects and starts working. Rejects when there is no connection, or none that keeps its server. */
export async function startReplica(deps: ReplicaDeps): Promise<Replica> {
  const { connectSession: connect, ready, sleep, log } = deps;
  const timings = { ...defaultTimings, ...deps.timings };
  const stopping = new AbortController();
  const listeners = createListeners(log);
  const jobs: Promise<void>[] = [];
  const leaser = createReplicaLeaser(deps, timings, stopping.signal);
  const { deliver: onNotification } = listeners;
  const opening: Opening = { ...deps, connect, timings, listeners, onDeaths: leaser.wake, onNotification };

  await listeners.add(laneReadyChannel, leaser.wake, undefined);
  let session = await open(opening);
  const serving = serve();
  let stopped: Promise<void> | undefined;
  let left = false;

  async function serve(): Promise<void> {
    for (;;) {
      log.info({ replica: session.replica }, 'Working');
      await ready?.(AbortSignal.any([session.signal, stopping.signal]));
      await leaser.run(session);
      if (stopping.signal.aborted) return;
      const next = await reopen(opening, session, stopping.signal);
      if (!next) return;
      session = next;
      listeners.callAll();
    }
  }

  async function stop(graceMs: number): Promise<void> {
    stopping.abort();
    leaser.stop();
    const settled = Promise.all([serving, ...jobs]).then(leaser.settled);
    await withTimeout(settled, graceMs, sleep);
    session.revoke();
    await withTimeout(settled, timings.tryEveryMs, sleep);
    await session.close();
    left = true;
  }

  return {
    get state() {
      if (left) return 'stopped';
      if (stopping.signal.aborted) return 'stopping';
      return session.signal.aborted ? 'reconnecting' : 'running';
    },
    runJob(name, run) {
      const { tryEveryMs } = timings;
      const common = { sleep, log, tryEveryMs, stopping: stopping.signal };
      jobs.push(keepJobLease({ ...common, currentSession: () => session }, name, run));
    },
    listen: (channel, callback) => listeners.add(channel, callback, session),
    stop: ({ graceMs }) => (stopped ??= stop(graceMs)),
  };
}

function createReplicaLeaser(deps: ReplicaDeps, timings: Timings, stopping: AbortSignal): LaneLeaser {
  const { clock, sleep } = deps;
  const onPostponed = (delayMs: number): void => void wakeAfter(delayMs);
  const work: LaneWorkerDeps = {
    ...deps,
    acknowledge: createAcknowledge(deps.pool),
    sliceMs: timings.sliceMs,
    otherLanesWait: (lane) => leaser.lanesWait(lane),
    isStopping: () => stopping.aborted,
    onPostponed,
  };
  const leaser = createLaneLeaser({
    ...deps,
    bulkSlots: deps.bulkSlots ?? deps.slots,
    pollMs: timings.pollMs,
    onPostponed,
    work: (session, lane) => workOnLane(work, { session, lane }),
  });
  return leaser;

  /** Timers may be early, and then the lane is not ready yet. Other replicas find the lane by polling. */
  async function wakeAfter(delayMs: number): Promise<void> {
    const dueMs = clock.monotonicMs() + delayMs + 1;
    for (let leftMs = delayMs + 1; leftMs > 0 && !stopping.aborted; leftMs = dueMs - clock.monotonicMs()) {
      await sleep(leftMs, stopping);
    }
    leaser.wake();
  }
}

interface Opening extends SessionDeps {
  readonly timings: Timings;
  readonly listeners: Listeners;
}

async function open(opening: Opening): Promise<Session> {
  const session = await openSession(opening);
  try {
    await opening.listeners.attach(session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Opens a session under a new id instead of the lost one, however long it takes; nothing when stopped meanwhile. */
async function reopen(opening: Opening, lost: Session, stopping: AbortSignal): Promise<Session | undefined> {
  while (!stopping.aborted) {
    try {
      const session = await open(opening);
      // PostgreSQL may not have noticed yet that the old connection is gone, and this is no time to wait for it.
      await removeLostReplica(session.database, lost.replica).catch(() => undefined);
      return session;
    } catch (error) {
      opening.log.error({ error }, 'Could not open a new session; trying again');
      await opening.sleep(opening.timings.tryEveryMs, stopping);
    }
  }
  return undefined;
}
