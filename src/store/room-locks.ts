// One convergence of a room at a time, across all processes: advisory locks of one database session per process.
//
// Of two convergences at the same time, the one that read FHIR first could write last, and undo the other.
import type { ClientBase } from 'pg';
import type { Sleep } from '../domain/clock.ts';

/** Runs `work` while no other work with the same key runs, in this process or another. */
export type RoomLock = <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

interface Deps {
  /** Opens a session, not through a pooler in transaction mode. */
  readonly connect: () => Promise<ClientBase & { end: () => Promise<void> }>;
  readonly sleep: Sleep;
}

/** Any number that no other software on this database uses for locks of two numbers; the same in every process. */
const SPACE = 7_239_402;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/** The server's process of a session; its number may be that of another one later. */
interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

const OWN_BACKEND = `select pid, backend_start::text as "startedAt" from pg_stat_activity where pid = pg_backend_pid()`;
const END_BACKEND = `select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz`;

type Session = Awaited<ReturnType<Deps['connect']>>;

/** The session; the first statement opens it. One that failed once may hang the next time: it is ended and replaced. */
function createSession(connect: Deps['connect']) {
  let session: Promise<Session> | undefined;
  let current: Session | undefined;
  let lastStatement: Promise<unknown> = Promise.resolve();
  let backend: Backend | undefined;

  async function open(): Promise<Session> {
    try {
      const client = await connect();
      // PostgreSQL may not have noticed yet that the session before is gone, and it would keep the locks until then.
      if (backend !== undefined) await client.query(END_BACKEND, [backend.pid, backend.startedAt]);
      backend = (await client.query<Backend>(OWN_BACKEND)).rows[0];
      client.on('error', () => {
        drop(client);
      });
      current = client;
      return client;
    } catch (error) {
      session = undefined;
      throw error;
    }
  }

  /** Ended, its locks are free. */
  function drop(client: Session): void {
    if (client === current) session = undefined;
    void client.end().catch(() => undefined);
  }

  return {
    /** Statements run one after the other: the driver has no queue any more. */
    ask: (sql: string, key: string): Promise<boolean> => {
      const answer = lastStatement.then(async () => {
        const client = await (session ??= open());
        try {
          const { rows } = await client.query<{ ok: boolean }>(sql, [SPACE, key]);
          return rows[0]?.ok === true;
        } catch (error) {
          drop(client);
          throw error;
        }
      });
      lastStatement = answer.catch(() => undefined);
      return answer;
    },
    close: async (): Promise<void> => {
      const client = await session?.catch(() => undefined);
      session = undefined;
      await client?.end().catch(() => undefined);
    },
  };
}

/** The first lock opens the session. A broken session loses its locks and is replaced. */
export function createRoomLocks({ connect, sleep }: Deps) {
  const { ask, close } = createSession(connect);
  const tails = new Map<string, Promise<unknown>>();

  async function whileLocked<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      if (await ask('select pg_try_advisory_lock($1, hashtext($2)) as ok', key)) break;
      await sleep(pauseMs, signal);
    }
    try {
      return await work();
    } finally {
      // A broken session has lost the lock already.
      await ask('select pg_advisory_unlock($1, hashtext($2)) as ok', key).catch(() => false);
    }
  }

  /** Work of this process waits in line, because one session can take the same advisory lock twice. */
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
    /** Closes the session, which frees its locks. */
    close,
  };
}
