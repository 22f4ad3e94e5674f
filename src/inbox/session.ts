// A replica's session: the one connection its life hangs on. It listens, holds the locks, beats, and buries the dead.
import type { Client } from 'pg';
import type { Clock, Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { takingTurns, type Queryable } from './database.ts';
import { SessionLostError, TransactionPoolerError } from './errors.ts';
import { backendPid, refuseTransactionPooler } from './pooler.ts';
import { heartbeat, registerReplica, removeReplica, removeDeadReplicas } from './replica-rows.ts';
import { withTimeout } from './timeout.ts';

/** The time of day of the database, at some moment between two of this process (`Clock.monotonicMs`). */
export interface DatabaseTime {
  readonly now: Date;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/** How often and how long, in milliseconds. */
export interface SessionTimings {
  /** Between two heartbeats of a replica, and its looks for dead ones. */
  readonly heartbeatMs: number;
  /** A replica does not trust itself any more when its last heartbeat is older than this ... */
  readonly trustedForMs: number;
  /** ... and the others do not trust it when it is older than this, which must be the longer time. */
  readonly staleAfterMs: number;
}

export interface SessionDeps {
  readonly connect: () => Promise<Client>;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly timings: SessionTimings;
  /** Called when the session is lost, with whatever it was lost by. */
  readonly onSessionLost?: (() => void) | undefined;
  /** Called with the time of the database at each heartbeat; for the first time before the session is opened. */
  readonly onTime?: ((time: DatabaseTime) => void) | undefined;
  /** Called when dead replicas were found. */
  readonly onDeaths: () => void;
  readonly onNotification: (channel: string, payload: string) => void;
}

/** A replica id and the connection that keeps it alive; once lost, never to be had again. */
export interface Session {
  readonly replica: number;
  readonly database: Queryable;
  /** Aborted when the session is lost or closed. */
  readonly signal: AbortSignal;
  /** Whether the other replicas still trust this one, for certain. A process that was frozen learns here that they may not. */
  check(): boolean;
  /** Ends the replica id as if its process had died. */
  lose(reason: string): void;
  /** Aborts the signal and nothing else: the lanes are not taken over until the session is closed. */
  revoke(): void;
  /** Takes the replica out and disconnects; its lanes are free with that. */
  close(): Promise<void>;
}

/** Connects, makes sure that the connection is a direct one, and enters a new replica. */
export async function openSession(deps: SessionDeps): Promise<Session> {
  const client = await deps.connect();
  const database = takingTurns(client);
  // Without a listener, a connection that breaks would end the whole process.
  client.on('error', () => undefined);
  try {
    // The statement that leases lanes is planned again and again; compiling the plan takes a hundred times as long as running it.
    await database.query('set jit = off');
    await refuseTransactionPooler(database, deps.connect);
    const pid = await backendPid(database);
    const provenAt = moment(deps.clock);
    const replica = await registerReplica(database);
    const opened = { client, database, pid, replica, provenAt };
    const lost = await beat(deps, opened);
    if (lost !== undefined) throw new SessionLostError(lost);
    return createSession(deps, opened);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

interface Opened {
  readonly client: Client;
  readonly database: Queryable;
  readonly pid: number | undefined;
  readonly replica: number;
  readonly provenAt: Moment;
}

function createSession(deps: SessionDeps, opened: Opened): Session {
  const { clock, log, timings } = deps;
  const { client, database, replica } = opened;
  const ended = new AbortController();
  let lastProof = opened.provenAt;

  function lose(reason: string): void {
    if (ended.signal.aborted) return;
    log.warn({ replica, reason }, 'Lost the session; work under way is dropped');
    ended.abort(new SessionLostError(reason));
    void client.end().catch(() => undefined);
    deps.onSessionLost?.();
  }

  function revoke(): void {
    ended.abort(new SessionLostError('it stops'));
  }

  async function live(): Promise<void> {
    for (;;) {
      await deps.sleep(timings.heartbeatMs, ended.signal);
      if (ended.signal.aborted) return;
      const sentAt = moment(clock);
      const lost = await beat(deps, opened);
      if (lost) lose(lost);
      lastProof = sentAt;
    }
  }

  client.on('end', () => {
    lose('the connection ended');
  });
  client.on('notification', ({ channel, payload }) => {
    deps.onNotification(channel, payload ?? '');
  });
  const living = live();

  return {
    replica,
    database,
    signal: ended.signal,
    lose,
    check() {
      if (!ended.signal.aborted && elapsedMs(lastProof, clock) >= timings.trustedForMs) {
        lose('this process stood still for too long');
      }
      return !ended.signal.aborted;
    },
    revoke,
    async close() {
      revoke();
      const farewell = living.then(() => removeReplica(database, replica)).finally(() => client.end());
      // If it fails, the others will remove this replica.
      await withTimeout(farewell, timings.trustedForMs, deps.sleep).catch(() => undefined);
    },
  };
}

/** One heartbeat, and a look for dead replicas. Returns what is wrong with the session, if anything. */
async function beat(deps: SessionDeps, opened: Opened): Promise<string | undefined> {
  const { log, timings, sleep } = deps;
  try {
    const answer = await withTimeout(sendHeartbeat(deps, opened), timings.trustedForMs, sleep);
    return answer === 'too late' ? 'a heartbeat was not answered' : answer;
  } catch (error) {
    log.error({ replica: opened.replica, error }, 'A heartbeat failed');
    return 'a heartbeat failed';
  }
}

async function sendHeartbeat(
  deps: SessionDeps,
  { database, pid, replica }: Opened,
): Promise<string | undefined> {
  const askedAtMs = deps.clock.monotonicMs();
  const alive = await heartbeat(database, replica);
  if (!alive) return 'the other replicas took this one for dead';
  if (alive.pid !== pid) throw new TransactionPoolerError();
  deps.onTime?.({ now: alive.now, askedAtMs, answeredAtMs: deps.clock.monotonicMs() });
  const dead = await removeDeadReplicas(database, replica, deps.timings.staleAfterMs);
  if (dead.length > 0) {
    deps.log.warn({ replica, dead }, 'Other replicas have died; their lanes are free');
    deps.onDeaths();
  }
  return undefined;
}

/** A point in time on both clocks: one does not count while the machine is suspended, the other may be set back. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

function moment(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.now().getTime() };
}

function elapsedMs(since: Moment, clock: Clock): number {
  const now = moment(clock);
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs);
}
