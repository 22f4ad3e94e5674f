// A pooler in transaction mode is refused with a hint, wherever it is met. The pooler here is a real one, if small.
import pg from 'pg';
import { expect, test } from 'vitest';
import { itemsOf, useDatabase } from './support/database.ts';
import { createKeptLog, useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';
import { startTransactionPooler } from './support/transaction-pooler.ts';

const database = useDatabase();
const replicas = useReplicas(database);

async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('the pooler of this test lends out servers for the length of a transaction', async () => {
  const pooler = await startTransactionPooler(database.url, 2, 'in turn');
  const client = await connectTo(pooler.url);
  const pid = async () =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
  expect(await pid()).not.toBe(await pid());
  await client.query('begin');
  expect(await pid()).toBe(await pid());
  await client.query('commit');
  await client.end();
  await pooler.close();
});

test.each([
  [2, 'in turn'],
  [3, 'in turn'],
  [2, 'last used first'],
  [4, 'last used first'],
] as const)('a pooler with %i servers, lent %s, is refused at the start', async (size, lend) => {
  const pooler = await startTransactionPooler(database.url, size, lend);
  const start = replicas.start(() => Promise.resolve({ kind: 'done' }), {
    connectSession: () => connectTo(pooler.url),
  });
  await expect(start).rejects.toMatchObject({
    name: 'TransactionPoolerError',
    code: 'INBOX_TRANSACTION_POOLER',
    message: expect.stringContaining('PostgreSQL directly') as string,
  });
  await pooler.close();
  const { rows } = await database.pool.query('select from replica');
  expect(rows).toEqual([]);
});

test('a connection that changes its server later is found out by the next heartbeat', async () => {
  const log = createKeptLog();
  let changed = false;
  await replicas.start(() => Promise.resolve({ kind: 'done' }), {
    log,
    connectSession: async () => {
      const client = await database.connect();
      const query = client.query.bind(client) as (statement: string, values?: unknown[]) => Promise<unknown>;
      const lying = async (statement: string, values?: unknown[]): Promise<unknown> => {
        const result = (await query(statement, values)) as pg.QueryResult<{ pid?: number }>;
        const [row] = result.rows;
        if (changed && row?.pid !== undefined) row.pid += 1;
        return result;
      };
      return changed ? client : Object.assign(client, { query: lying });
    },
  });
  changed = true;
  await eventually(() =>
    log.lines.some((line) => JSON.stringify(line.fields).includes('INBOX_TRANSACTION_POOLER')),
  );
});

test('acknowledgements may go through such a pooler: only the session needs a connection of its own', async () => {
  const pooler = await startTransactionPooler(database.url, 3, 'in turn');
  const pool = new pg.Pool({ connectionString: pooler.url, max: 6 });
  pool.on('error', () => undefined);
  await database.enqueue(...itemsOf('a', 10), ...itemsOf('b', 10), ...itemsOf('c', 10));
  const recorded: string[] = [];
  const replica = await replicas.start(
    (item) =>
      Promise.resolve({
        kind: 'done',
        record: async (transaction) => {
          await transaction.query('select 1');
          recorded.push(item.sourceId);
        },
      }),
    { pool },
  );
  await eventually(() => recorded.length === 30);
  await replica.stop({ graceMs: 5_000 });
  await pool.end();
  await pooler.close();
});
