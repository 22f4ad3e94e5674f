// Items given up on: copied, taken off their lane and told about, all or nothing; and the lane goes on.
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/inbox/item.ts';
import { listDeadLetters } from '../../src/inbox/dead-letters.ts';
import { readQueueStats } from '../../src/inbox/queue-stats.ts';
import { useDatabase, itemsOf } from './support/database.ts';
import { useEffects } from './support/effects.ts';
import { script } from './support/handlers.ts';
import { createKeptLog, useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';
import { enqueue } from '../builders/payloads.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const effects = useEffects(database);

const retry: Outcome = { kind: 'retry', error: { code: 'NOT_NOW', message: 'The server is away' } };

const dead: Outcome = { kind: 'dead', error: { code: 'NEVER', message: 'a\0b' } };

test('makes the item a dead letter, records and tells, in one transaction, and the lane goes on', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const { handle, ids, attempts } = script({ 'a-1': [{ ...dead, record: effects.record('dead') }] });
  await replicas.start(handle, {
    onDeadLetter: async (transaction, item, error) => {
      expect(error).toEqual({ code: 'NEVER', message: 'ab' });
      await enqueue(transaction, [
        { lane: 'notices', source: 'notice', sourceId: item.sourceId, payload: null },
      ]);
    },
  });
  await eventually(() => attempts.length === 3);
  await eventually(database.lanesAreIdle);
  expect(ids().sort()).toEqual(['a-1', 'a-1', 'a-2']);
  expect(await effects.read()).toEqual(['dead']);
  const { rows } = await database.pool.query(
    'select lane_key, position::int, source, source_id, payload, attempts, error_code, error_message from dead_letter',
  );
  expect(rows).toEqual([
    {
      lane_key: 'a',
      position: 1,
      source: 'test',
      source_id: 'a-1',
      payload: { number: 1 },
      attempts: 1,
      error_code: 'NEVER',
      error_message: 'ab',
    },
  ]);
});

test('when telling fails, nothing has happened, and the item is tried again', async () => {
  await database.enqueue(...itemsOf('a', 1));
  let told = 0;
  const { handle, attempts } = script({ 'a-1': [dead, dead] });
  await replicas.start(handle, {
    onDeadLetter: () => (++told === 1 ? Promise.reject(new Error('no')) : Promise.resolve()),
  });
  await eventually(database.lanesAreIdle);
  expect(attempts.map(({ attempt }) => attempt.number)).toEqual([1, 2]);
  expect(await listDeadLetters(database.pool, { limit: 9 })).toMatchObject([{ attempts: 2 }]);
});

test('an item that can neither be handled nor become a dead letter holds up its lane and is never dropped', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const log = createKeptLog();
  const { handle, ids } = script({ 'a-1': [retry] });
  await replicas.start(handle, {
    log,
    retryPolicy: () => 'give up',
    onDeadLetter: () => Promise.reject(new Error('no')),
  });
  await eventually(async () => (await readQueueStats(database.pool)).retryingLanes === 1);
  expect(ids()).toEqual(['a-1']);
  expect(log.lines.map((line) => line.message)).toContain('Could not store a dead letter; its lane waits');
  expect(await readQueueStats(database.pool)).toMatchObject({ waitingItems: 2, deadLetters: 0 });
});

test('an item that takes its process down every time becomes a dead letter without another attempt, whatever the policy', async () => {
  await database.enqueue(...itemsOf('a', 2));
  await database.pool.query('update lane set owner = 0, attempts = 9, owners_died = 9');
  const { handle, ids } = script({});
  await replicas.start(handle, { retryPolicy: () => 0 });
  await eventually(database.lanesAreIdle);
  expect(ids()).toEqual(['a-2']);
  expect(await listDeadLetters(database.pool, { limit: 9 })).toMatchObject([
    {
      sourceId: 'a-1',
      attempts: 10,
      errorCode: 'INBOX_OWNERS_DIED',
      errorMessage: 'The last 10 attempts ended with the process that made them',
    },
  ]);
});

test('deaths count only in a row: an attempt with an outcome clears the item', async () => {
  await database.enqueue(...itemsOf('a', 1), ...itemsOf('b', 2));
  await database.pool.query('update lane set owner = 0, owners_died = 8');
  const { handle } = script({ 'a-1': [{ ...retry, afterMs: 60_000 }] });
  await replicas.start(handle);
  await eventually(async () => (await readQueueStats(database.pool)).busyLanes === 1);
  const { rows } = await database.pool.query('select key, owners_died from lane order by key');
  expect(rows).toEqual([
    { key: 'a', owners_died: 0 },
    { key: 'b', owners_died: 0 },
  ]);
});

test('the budget of a code counts the attempts that failed with it, and no other', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const once: Outcome = { kind: 'retry', error: { code: 'ODD', message: 'odd' }, most: 3, afterMs: 0 };
  const outage: Outcome = { ...retry, afterMs: 0 };
  const outages = Array<Outcome>(5).fill(outage);
  const { handle, ids } = script({
    'a-1': [...outages, once, ...outages, once, outage, once],
    'a-2': [once, once],
  });
  await replicas.start(handle, { retryPolicy: () => 0 });
  await eventually(database.lanesAreIdle);
  // The third failure with the code ends the first item; two of the second are its own, and it succeeds.
  expect(ids().filter((id) => id === 'a-1')).toHaveLength(14);
  expect(ids().filter((id) => id === 'a-2')).toHaveLength(3);
  const letters = await listDeadLetters(database.pool, { limit: 10 });
  expect(letters).toMatchObject([{ sourceId: 'a-1', errorCode: 'ODD', attempts: 14 }]);
});

test('the budget of a code goes on on another replica', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const once: Outcome = { kind: 'retry', error: { code: 'ODD', message: 'odd' }, most: 2, afterMs: 0 };
  const first = script({ 'a-1': [{ ...once, afterMs: 1_000 }, once] });
  const replica = await replicas.start(first.handle);
  await eventually(() => first.attempts.length === 1);
  await replica.stop({ graceMs: 1_000 });
  const due = () => database.pool.query('select from lane where ready_at <= now()');
  await eventually(async () => (await due()).rowCount === 1);
  const second = script({ 'a-1': [once] });
  await replicas.start(second.handle);
  await eventually(database.lanesAreIdle);
  expect(await listDeadLetters(database.pool, { limit: 10 })).toMatchObject([{ errorCode: 'ODD' }]);
});
