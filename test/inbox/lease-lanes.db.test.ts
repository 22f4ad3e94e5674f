// Who may work on a lane: exactly one, whatever happens at the same moment.
import pg from 'pg';
import { expect, test } from 'vitest';
import { createAcknowledge, type Acknowledge } from '../../src/inbox/acknowledge.ts';
import { leaseLanes, readItems, type LeasedLane } from '../../src/inbox/lease-lanes.ts';
import { postpone, release } from '../../src/inbox/postpone.ts';
import { registerReplica, removeReplica, removeDeadReplicas } from '../../src/inbox/replica-rows.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { eventually } from './support/time.ts';
import { enqueue } from '../builders/payloads.ts';

const database = useDatabase();
const acknowledge: Acknowledge = (...values) => createAcknowledge(database.pool)(...values);

async function leaseOne(replica: number): Promise<LeasedLane> {
  const [lane] = await leaseLanes(database.pool, replica, 1);
  if (!lane) throw new Error('There is no lane to be leased');
  return lane;
}

async function startReplicas(count: number) {
  const clients = await Promise.all(Array.from({ length: count }, () => database.connect()));
  return Promise.all(clients.map(async (client) => ({ client, id: await registerReplica(client) })));
}

test('a lane comes with its first items, and the rest when asked', async () => {
  await database.enqueue(...itemsOf('a', 30));
  const [replica] = await startReplicas(1);
  const lane = await leaseOne(replica?.id ?? 0);
  expect(lane.items.map((item) => item.sourceId)).toEqual(itemsOf('a', 20).map((item) => item.sourceId));
  expect(lane.items[0]).toMatchObject({ lane: 'a', position: 1, source: 'test', stored: { number: 1 } });
  expect((await readItems(database.pool, lane, 20)).map((item) => item.position)).toEqual(
    Array.from({ length: 10 }, (_, index) => 21 + index),
  );
});

test('many leases at once share the lanes out, none twice', async () => {
  const keys = Array.from({ length: 40 }, (_, index) => `lane ${index}`);
  await database.enqueue(...keys.flatMap((key) => itemsOf(key, 1)));
  const replicas = await startReplicas(5);
  const leased = await Promise.all(replicas.map(({ client, id }) => leaseLanes(client, id, 12)));
  const taken = leased.flat().map((lane) => lane.key);
  expect(new Set(taken).size).toBe(taken.length);
  // A lease skips what another one has locked but not taken yet, so a second round may be needed.
  const rest = await leaseLanes(database.pool, replicas[0]?.id ?? 0, 40);
  expect([...taken, ...rest.map((lane) => lane.key)].sort()).toEqual(keys.sort());
});

test('the lanes waiting longest come first', async () => {
  for (const key of ['c', 'a', 'b']) await database.enqueue(...itemsOf(key, 1));
  const [replica] = await startReplicas(1);
  const lanes = await leaseLanes(database.pool, replica?.id ?? 0, 2);
  expect(lanes.map((lane) => lane.key)).toEqual(['c', 'a']);
});

test('the lane of a dead owner is free and in doubt, and stays in doubt until its item is acknowledged', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const [first, second] = await startReplicas(2);
  if (!first || !second) return;
  const held = await leaseOne(first.id);
  expect(held).toMatchObject({ takenOver: false, inDoubt: false, attempts: 0 });
  expect(await leaseLanes(database.pool, second.id, 5)).toEqual([]);

  await first.client.end();
  await eventually(async () =>
    (await removeDeadReplicas(second.client, second.id, 60_000)).includes(first.id),
  );
  const taken = await leaseOne(second.id);
  expect(taken).toMatchObject({ takenOver: true, inDoubt: true, attempts: 1, epoch: held.epoch + 1 });

  await release(database.pool, taken, second.id);
  const again = await leaseOne(second.id);
  expect(again).toMatchObject({ takenOver: false, inDoubt: true });
  expect(await acknowledge(again, 1)).toBe('more');
  await release(database.pool, again, second.id);
  expect(await leaseOne(second.id)).toMatchObject({ inDoubt: false, attempts: 0, head: 1 });
});

test('a replica is dead when its lock is free or its heartbeat old, and not before', async () => {
  const [first, second] = await startReplicas(2);
  if (!first || !second) return;
  expect(await removeDeadReplicas(second.client, second.id, 60_000)).toEqual([]);
  await database.pool.query("update replica set heartbeat_at = now() - interval '61 s' where id = $1", [
    first.id,
  ]);
  expect(await removeDeadReplicas(second.client, second.id, 60_000)).toEqual([first.id]);
});

test('a replica without a row leases nothing: the others may be taking its lanes', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const [replica] = await startReplicas(1);
  if (!replica) return;
  await removeReplica(replica.client, replica.id);
  expect(await leaseLanes(replica.client, replica.id, 1)).toEqual([]);
});

test('a stale owner writes nothing: neither acknowledgement, nor record, nor postponement, nor release', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const [first, second] = await startReplicas(2);
  if (!first || !second) return;
  const stale = await leaseOne(first.id);
  await removeReplica(first.client, first.id);
  const current = await leaseOne(second.id);
  const before = await database.pool.query('select * from lane');

  const recorded: string[] = [];
  const record = (): Promise<void> => Promise.resolve(void recorded.push('record'));
  const error = { code: 'X', message: '' };
  expect(await acknowledge(stale, 1)).toBe('lost');
  expect(await acknowledge(stale, 1, record)).toBe('lost');
  expect(
    await postpone(database.pool, stale, { head: 0, delayMs: 0, error, inDoubt: false, failedWith: {} }),
  ).toBe(false);
  await release(database.pool, stale, first.id);
  expect(recorded).toEqual([]);
  expect((await database.pool.query('select * from lane')).rows).toEqual(before.rows);
  expect(await acknowledge(current, 1)).toBe('more');
});

test('an acknowledgement said twice, after a commit whose answer got lost, is written once', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const [replica] = await startReplicas(1);
  const lane = await leaseOne(replica?.id ?? 0);
  expect(await acknowledge(lane, 1)).toBe('more');
  expect(await acknowledge(lane, 1)).toBe('lost');
  const error = { code: 'X', message: '' };
  expect(
    await postpone(database.pool, lane, { head: 0, delayMs: 0, error, inDoubt: true, failedWith: {} }),
  ).toBe(false);
  expect(await acknowledge(lane, 2)).toBe('idle');
});

test('a lane leased by a replica that has just started does not look abandoned to a lease begun before', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const [dead, slow, young] = await Promise.all([database.connect(), database.connect(), database.connect()]);
  const deadId = await registerReplica(dead);
  await leaseOne(deadId);
  await removeReplica(dead, deadId);
  const slowId = await registerReplica(slow);

  // The slow replica's look at the table of replicas waits for a lock of ours: its statement has begun by then, and
  // sees the table as it is now.
  await database.pool.query(`
    create schema slow;
    create function slow.pass() returns boolean language plpgsql volatile
      as $$ begin perform pg_advisory_xact_lock_shared(77, 77); return true; end $$;
    create view slow.replica as select * from public.replica where slow.pass()`);
  const gate = await database.connect();
  await gate.query('select pg_advisory_lock(77, 77)');
  await slow.query('set search_path = slow, public');
  const late = leaseLanes(slow, slowId, 1);
  await eventually(async () => {
    const { rowCount } = await database.pool.query(
      "select from pg_locks where locktype = 'advisory' and classid = 77 and not granted",
    );
    return rowCount === 1;
  });

  const youngId = await registerReplica(young);
  const [leased] = await leaseLanes(young, youngId, 1);
  expect(leased?.key).toBe('a');
  await gate.query('select pg_advisory_unlock(77, 77)');
  expect(await late).toEqual([]);
  await database.pool.query('drop schema slow cascade');
});

test('an item stored while its lane is being leased is found by the next look', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const [replica] = await startReplicas(1);
  const lane = await leaseOne(replica?.id ?? 0);
  const client = await database.connect();
  await client.query('begin');
  await enqueue(client, itemsOf('a', 1, 2));
  await client.query('commit');
  expect(await acknowledge(lane, 1)).toBe('more');
  expect((await readItems(database.pool, lane, 1)).map((item) => item.sourceId)).toEqual(['a-2']);
});

test('lanes acknowledged together: a stale one is lost, a locked one is waited for, the others are not held up', async () => {
  const [first, second] = await startReplicas(2);
  if (!first || !second) return;
  for (const key of ['stale', 'locked', 'empty', 'full']) await database.enqueue(...itemsOf(key, 1));
  await database.enqueue(...itemsOf('full', 1, 2));
  const lanes = await leaseLanes(database.pool, first.id, 4);
  await database.pool.query("update lane set epoch = epoch + 1 where key = 'stale'");
  const producer = await database.connect();
  await producer.query('begin');
  await enqueue(producer, itemsOf('locked', 1, 2));

  const together = createAcknowledge(database.pool);
  const answers = new Map<string, string>();
  const acknowledging = lanes.map(async (lane) => answers.set(lane.key, await together(lane, 1)));
  await eventually(() => answers.size === 3);
  expect(Object.fromEntries(answers)).toEqual({ stale: 'lost', empty: 'idle', full: 'more' });
  await producer.query('commit');
  await Promise.all(acknowledging);
  expect(answers.get('locked')).toBe('more');
});

test('when lanes cannot be acknowledged together because the database is away, all of them hear of it', async () => {
  await database.enqueue(...itemsOf('a', 1), ...itemsOf('b', 1));
  const [replica] = await startReplicas(1);
  const lanes = await leaseLanes(database.pool, replica?.id ?? 0, 2);
  const away = new pg.Pool({ connectionString: 'postgresql://127.0.0.1:1/none' });
  const together = createAcknowledge(away);
  const results = await Promise.allSettled(lanes.map((lane) => together(lane, 1)));
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  await away.end();
});
