// Finds out whether a connection keeps its server: locks, LISTEN and `set` are lost on one that does not.
import type { Client } from 'pg';
import { TransactionPoolerError } from './errors.ts';
import type { Queryable } from './database.ts';

/**
 * Refuses a pooler in transaction mode, which lends out a server for the length of a transaction. Either it lends them
 * in turn, and two of our statements run on different servers; or it lends the one used last, and a second connection
 * gets the server we had just before. With many clients a pooler may pass by chance; every heartbeat looks again.
 */
export async function refuseTransactionPooler(
  client: Queryable,
  connect: () => Promise<Client>,
): Promise<void> {
  const ours = await backendPid(client);
  if ((await backendPid(client)) !== ours) throw new TransactionPoolerError();
  const second = await connect();
  second.on('error', () => undefined);
  try {
    await second.query('begin');
    const theirs = await backendPid(second);
    if (theirs === ours || (await backendPid(client)) !== ours) throw new TransactionPoolerError();
  } finally {
    await second.end();
  }
}

/** The process number of the server at the other end. */
export async function backendPid(client: Queryable): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}
