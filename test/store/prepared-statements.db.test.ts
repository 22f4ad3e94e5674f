// A migration changes a table while connections have prepared what reads it: nothing that a transaction does fails for it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/inbox/database.ts';
import { createConnections, type Connections } from '../../src/store/connections.ts';
import { isOutdatedPlan } from '../../src/telemetry/database-failure.ts';
import { useDatabase } from '../inbox/support/database.ts';

const database = useDatabase();
let connections: Connections;

beforeEach(async () => {
  connections = createConnections(database.url, 1);
  connections.pool.on('error', () => undefined);
  await connections.pool.query('create table thing (id int primary key)');
  await connections.pool.query('insert into thing values (1)');
});
afterEach(async () => {
  await connections.pool.query('drop table thing');
  await connections.pool.end();
});

const SQL = 'select * from thing where id = $1';
const preparedCount = async (): Promise<unknown> => {
  const { rows } = await connections.pool.query<{ count: number }>(
    `select count(*)::int from pg_prepared_statements where statement = '${SQL}'`,
  );
  return rows[0]?.count;
};

async function prepare(): Promise<void> {
  for (let run = 0; run < 3; run += 1) await connections.pool.query(SQL, [1]);
  expect(await preparedCount()).toBe(1);
  await connections.pool.query('alter table thing add column name text');
}

test('a transaction is run again, on another connection', async () => {
  await prepare();
  const found = await inTransaction(connections.pool, async (tx) => (await tx.query<object>(SQL, [1])).rows);
  expect(found).toEqual([{ id: 1, name: null }]);
});

test('a statement alone fails once, and is prepared anew', async () => {
  await prepare();
  const failure = await connections.pool.query(SQL, [1]).catch((error: unknown) => error);
  expect(isOutdatedPlan(failure)).toBe(true);
  expect((await connections.pool.query(SQL, [1])).rows).toEqual([{ id: 1, name: null }]);
});
