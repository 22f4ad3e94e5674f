// What an operator can do with items given up on.
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/inbox/item.ts';
import { discardDeadLetter, listDeadLetters } from '../../src/inbox/dead-letters.ts';
import { emptyDeadLetters, removeDeadLetters } from '../../src/inbox/prune-dead-letters.ts';
import { pruneItems } from '../../src/inbox/prune-items.ts';
import { readQueueStats } from '../../src/inbox/queue-stats.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';
import { retryDeadLetter } from '../builders/payloads.ts';

const database = useDatabase();
const replicas = useReplicas(database);

/** Gives up the items with these source ids and handles all others; returns what was handled, and a way to be kind. */
async function giveUpSome(...ids: string[]) {
  const hopeless = new Set(ids);
  const handled: string[] = [];
  await replicas.start((item) => {
    const dead: Outcome = { kind: 'dead', error: { code: 'NEVER', message: 'never' } };
    if (hopeless.has(item.sourceId)) return Promise.resolve(dead);
    handled.push(item.sourceId);
    return Promise.resolve({ kind: 'done' });
  });
  await eventually(database.lanesAreIdle);
  return {
    handled,
    beKind: () => {
      hopeless.clear();
    },
  };
}

async function onlyDeadLetterId(): Promise<number> {
  const [letter, ...more] = await listDeadLetters(database.pool, { limit: 10 });
  expect(more).toEqual([]);
  return letter?.id ?? 0;
}

test('lists page by page, without payloads', async () => {
  await database.enqueue(...itemsOf('a', 5), ...itemsOf('b', 2));
  await giveUpSome('a-1', 'a-3', 'a-5', 'b-2');
  const all = await listDeadLetters(database.pool, { limit: 10 });
  expect(all.map((item) => item.sourceId).toSorted()).toEqual(['a-1', 'a-3', 'a-5', 'b-2']);
  expect(all.map((item) => item.id)).toEqual(all.map((item) => item.id).toSorted((a, b) => a - b));
  const first = await listDeadLetters(database.pool, { limit: 3 });
  expect(first).toEqual(all.slice(0, 3));
  expect(await listDeadLetters(database.pool, { limit: 3, after: first.at(-1)?.id ?? 0 })).toEqual(
    all.slice(3),
  );
  expect(JSON.stringify(all)).not.toContain('payload');
  expect(all.find((item) => item.sourceId === 'a-3')).toMatchObject({
    lane: 'a',
    position: 3,
    source: 'test',
    attempts: 1,
    errorCode: 'NEVER',
    errorMessage: 'never',
    receivedAt: expect.any(Date) as Date,
    givenUpAt: expect.any(Date) as Date,
  });
});

async function retryNow(id: number): Promise<string> {
  const client = await database.connect();
  await client.query('begin');
  const result = await retryDeadLetter(client, id);
  await client.query('commit');
  await client.end();
  return result;
}

test('a retried item comes after all that its lane has, under its old source id', async () => {
  await database.enqueue(...itemsOf('a', 3));
  const { handled, beKind } = await giveUpSome('a-2');
  beKind();
  expect(await retryNow(await onlyDeadLetterId())).toBe('queued');
  await eventually(database.lanesAreIdle);
  expect(handled).toEqual(['a-1', 'a-3', 'a-2']);
  expect(await readQueueStats(database.pool)).toMatchObject({ deadLetters: 0, waitingItems: 0 });
  expect(await database.enqueue(...itemsOf('a', 3))).toEqual({ stored: 0, duplicates: 3 });
});

test('an item may become a dead letter, be retried and become one again', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const { handled } = await giveUpSome('a-1');
  const first = await onlyDeadLetterId();
  expect(await retryNow(first)).toBe('queued');
  await eventually(async () => (await listDeadLetters(database.pool, { limit: 1 })).length === 1);
  const second = await onlyDeadLetterId();
  expect(second).toBeGreaterThan(first);
  expect(await retryNow(first)).toBe('missing');
  expect(handled).toEqual([]);
});

test('can be retried after its item was pruned, unless it has come again since', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const { handled, beKind } = await giveUpSome('a-1', 'a-2');
  beKind();
  expect(await pruneItems(database.pool, new Date(Date.now() + 60_000), 100)).toBe(2);
  await database.enqueue(...itemsOf('a', 1));
  const results = [];
  for (const { id } of await listDeadLetters(database.pool, { limit: 9 })) results.push(await retryNow(id));
  expect(results).toEqual(['known', 'queued']);
  await eventually(database.lanesAreIdle);
  expect(handled).toEqual(['a-1', 'a-2']);
  expect(await readQueueStats(database.pool)).toMatchObject({ deadLetters: 0 });
});

test('two operators retrying the same item queue it once', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const { handled, beKind } = await giveUpSome('a-1');
  beKind();
  const id = await onlyDeadLetterId();
  expect((await Promise.all([retryNow(id), retryNow(id)])).sort()).toEqual(['missing', 'queued']);
  await eventually(database.lanesAreIdle);
  expect(handled).toEqual(['a-1']);
});

test('a discarded item is forgotten, but still known as a duplicate', async () => {
  await database.enqueue(...itemsOf('a', 1));
  await giveUpSome('a-1');
  const id = await onlyDeadLetterId();
  const discarded = await discardDeadLetter(database.pool, id);
  expect(discarded).toEqual({ source: expect.any(String) as string, sourceId: expect.any(String) as string });
  expect(await discardDeadLetter(database.pool, id)).toBeUndefined();
  expect(await database.enqueue(...itemsOf('a', 1))).toEqual({ stored: 0, duplicates: 1 });
});

test('after a time its content goes, also from the item it was copied from; until then it can be retried, after a longer time all of it goes', async () => {
  await database.enqueue(...itemsOf('a', 5));
  const { beKind } = await giveUpSome('a-1', 'a-2', 'a-3', 'a-4');
  beKind();
  await database.pool.query(
    "update dead_letter set given_up_at = now() - interval '40 days' where source_id <> 'a-4'",
  );
  const monthAgo = new Date(Date.now() - 30 * 24 * 60 * 60 * 1_000);
  expect(await emptyDeadLetters(database.pool, monthAgo, 2)).toBe(2);
  expect(await emptyDeadLetters(database.pool, monthAgo, 2)).toBe(1);
  expect(await emptyDeadLetters(database.pool, monthAgo, 2)).toBe(0);
  const contents = await database.pool.query<{ source_id: string; letter: string; item: string }>(
    `select source_id, dead_letter.payload::text as letter, item.payload::text as item
     from dead_letter join item using (source_id) order by source_id`,
  );
  const full = JSON.stringify(itemsOf('a', 1, 4)[0]?.payload);
  expect(contents.rows.map(({ letter, item }) => [letter, item])).toEqual([
    ['{}', '{}'],
    ['{}', '{}'],
    ['{}', '{}'],
    [full, full],
  ]);
  const letters = await listDeadLetters(database.pool, { limit: 9 });
  expect(letters.map(({ emptiedAt }) => emptiedAt !== undefined)).toEqual([true, true, true, false]);
  const [oldest, newest] = [letters[0]?.id ?? 0, letters[3]?.id ?? 0];
  expect(await retryNow(oldest)).toBe('emptied');
  expect(await retryNow(newest)).toBe('queued');
  expect(await listDeadLetters(database.pool, { limit: 9 })).toHaveLength(3);
  expect(await removeDeadLetters(database.pool, monthAgo, 2)).toBe(2);
  expect(await removeDeadLetters(database.pool, monthAgo, 2)).toBe(1);
  expect(await listDeadLetters(database.pool, { limit: 9 })).toEqual([]);
});
