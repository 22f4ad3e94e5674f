// One convergence of a room at a time, in whatever process: advisory locks of one database session per process.
//
// Of two convergences at once the one that read FHIR first could write last, and undo what the other did.
import type { ClientBase } from 'pg';
import type { Sleep } from '../domain/clock.ts';

/** Runs `work` while nobody else, here or in another process, does so for the same key. */
export type RoomLock = <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

interface Deps {
  /** Opens a session of its own: no pooler in transaction mode. */
  readonly connect: () => Promise<ClientBase & { end: () => Promise<void> }>;
  readonly sleep: Sleep;
}

export interface RoomLocks {
  readonly lock: RoomLock;
  /** Closes the session, which frees its locks. */
  readonly close: () => Promise<void>;
}

/** Any number that no other software on this database locks by two numbers; the same in every process. */
const SPACE = 7_239_402;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

type Session = Awaited<ReturnType<Deps['connect']>>;

/** Creates the locks; the session is opened when the first is taken. A broken session frees its locks and is replaced. */
export function createRoomLocks({ connect, sleep }: Deps): RoomLocks {
  let session: Promise<Session> | undefined;
  const tails = new Map<string, Promise<unknown>>();
  let lastStatement: Promise<unknown> = Promise.resolve();

  async function opened(): Promise<Session> {
    session ??= connect().then((client) => {
      client.on('error', () => {
        session = undefined;
      });
      return client;
    });
    try {
      return await session;
    } catch (error) {
      session = undefined;
      throw error;
    }
  }

  /** Statements take turns: the driver has no queue of its own any more. */
  function ask(sql: string, key: string): Promise<boolean> {
    const answer = lastStatement.then(async () => {
      const client = await opened();
      const { rows } = await client.query<{ ok: boolean }>(sql, [SPACE, key]);
      return rows[0]?.ok === true;
    });
    lastStatement = answer.catch(() => undefined);
    return answer;
  }

  async function whileLocked<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      if (await ask('select pg_try_advisory_lock($1, hashtext($2)) as ok', key)) break;
      await sleep(pauseMs, signal);
    }
    try {
      return await work();
    } finally {
      // Where the session broke, the lock is gone with it.
      await ask('select pg_advisory_unlock($1, hashtext($2)) as ok', key).catch(() => false);
    }
  }

  /** Within the process work waits in line: a session may take the same advisory lock twice. */
  async function lock<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = tails.get(key) ?? Promise.resolve();
    const run = before.then(() => whileLocked(key, signal, work));
    const tail = run.catch(() => undefined);
    tails.set(key, tail);
    try {
      return await run;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  }

  return {
    lock,
    async close() {
      const client = await session?.catch(() => undefined);
      session = undefined;
      await client?.end().catch(() => undefined);
    },
  };
}
