// The little this folder needs of the database driver.
import type { ClientBase, Pool, QueryResult } from 'pg';
import { isOutdatedPlan } from '../telemetry/database-failure.ts';

/** A pool or a client: something that runs statements. */
export type Queryable = Pick<ClientBase, 'query'>;

/** The client with its statements one after the other, for many to use it: the driver is about to stop queueing. */
export function takingTurns(client: ClientBase): Queryable {
  let last: Promise<unknown> = Promise.resolve();
  const query = (statement: string, values?: unknown[]): Promise<QueryResult> => {
    const result = last.then(() => client.query(statement, values));
    last = result.catch(() => undefined);
    return result;
  };
  return { query: query as Queryable['query'] };
}

/**
 * Milliseconds between two statements of a transaction that holds a lane's lock. Were its process frozen right there,
 * the lane would be locked until it wakes up, and no other replica could take it over; so PostgreSQL ends it.
 */
export const longestPauseMs = 5_000;

/**
 * Runs `body` in a transaction of its own: commits what it returns, rolls back what it throws. It may be run more than once: see
 * {@link againWhereItGaveWay}.
 */
export function inTransaction<Result>(
  pool: Pick<Pool, 'connect'>,
  body: (client: ClientBase) => Promise<Result>,
): Promise<Result> {
  return againWhereItGaveWay(() => inTransactionOnce(pool, body));
}

async function inTransactionOnce<Result>(
  pool: Pick<Pool, 'connect'>,
  body: (client: ClientBase) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  // Taken out of its pool, a client whose connection breaks between two statements would end the whole process.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    await client.query(`begin; set local idle_in_transaction_session_timeout = ${longestPauseMs}`);
    const result = await body(client);
    await client.query('commit');
    return result;
  } catch (error) {
    if (isUnanswered(error)) broken = new RollbackError(error);
    else
      await client.query('rollback').catch((failure: unknown) => {
        broken = new RollbackError(failure);
      });
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

/** The driver waited in vain for an answer: whatever follows would wait behind it. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** The connection was no longer fit for a rollback, which makes the server roll back, and the pool drop it. */
class RollbackError extends Error {
  readonly code = 'INBOX_ROLLBACK_FAILED';

  constructor(cause: unknown) {
    super('The connection broke before the rollback', { cause });
    this.name = 'RollbackError';
  }
}

const collisions = new Set(['40P01', '40001']); // deadlock_detected, serialization_failure

const MOST_RUNS = 5;

/**
 * Runs what PostgreSQL chose to give way to another transaction again: nothing of it was done. Locks that are taken in an agreed
 * order do not rule that out. SKIP LOCKED does wait where the version of the row that the statement saw was replaced just before
 * by another one, which is locked (`heap_lock_updated_tuple` of PostgreSQL); and that may close a circle. So is what was prepared
 * before a migration changed its tables: its connection is broken then, and the next run has another.
 */
export async function againWhereItGaveWay<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let runs = 1; ; runs++) {
    try {
      return await run();
    } catch (error) {
      if (runs === MOST_RUNS || !gaveWay(error)) throw error;
    }
  }
}

function gaveWay(error: unknown): boolean {
  return (
    (error instanceof Error && 'code' in error && collisions.has(String(error.code))) || isOutdatedPlan(error)
  );
}
