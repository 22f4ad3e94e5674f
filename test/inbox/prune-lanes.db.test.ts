// Lanes that nothing uses any more are removed; one that something is stored in, at whatever moment, is not.
import { describe, expect, test } from 'vitest';
import { inTransaction } from '../../src/inbox/database.ts';
import { pruneItems } from '../../src/inbox/prune-items.ts';
import { pruneLanes } from '../../src/inbox/prune-lanes.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const inTheFuture = (): Date => new Date(Date.now() + 60_000);

const lanes = async (): Promise<readonly string[]> =>
  (await database.pool.query<{ key: string }>('select key from lane order by key')).rows.map(
    ({ key }) => key,
  );

/** Looks at all lanes, some at a time. */
async function pruneAll(batch: number): Promise<readonly string[]> {
  const removed: string[] = [];
  let after: string | undefined = '0';
  while (after !== undefined) {
    const from: string = after;
    const looked = await inTransaction(database.pool, (tx) => pruneLanes(tx, { after: from, batch }));
    removed.push(...looked.removed);
    after = looked.last;
  }
  return removed.toSorted();
}

describe('a lane is removed', () => {
  test('when it is idle, without items and without dead letters', async () => {
    await database.enqueue(...['a', 'b', 'busy', 'dead', 'kept'].flatMap((lane) => itemsOf(lane, 1)));
    await database.pool.query(`update lane set head = 1, ready_at = null where key <> 'busy'`);
    await database.pool.query(`insert into dead_letter
        (lane_id, lane_key, position, source, source_id, payload, received_at, attempts, error_code, error_message)
      select id, key, 1, 'test', 'dead-1', '{}', now(), 1, 'NEVER', 'never' from lane where key = 'dead'`);
    await database.pool.query(`delete from item where source_id in ('a-1', 'b-1', 'dead-1')`);
    expect(await pruneAll(2)).toEqual(['a', 'b']);
    expect(await lanes()).toEqual(['busy', 'dead', 'kept']);
  });

  test('and comes back with the next item', async () => {
    const handled: string[] = [];
    await replicas.start((item) => {
      handled.push(`${item.sourceId} at ${item.position}`);
      return Promise.resolve({ kind: 'done' });
    });
    await database.enqueue(...itemsOf('a', 2));
    await eventually(database.lanesAreIdle);
    await pruneItems(database.pool, inTheFuture(), 10);
    expect(await pruneAll(10)).toEqual(['a']);
    await database.enqueue(...itemsOf('a', 1, 3));
    await eventually(database.lanesAreIdle);
    expect(handled).toEqual(['a-1 at 1', 'a-2 at 2', 'a-3 at 1']);
  });
});

test('while items come in, are handled and pruned, each is handled once and in its order', async () => {
  const handled: string[] = [];
  await replicas.start((item) => {
    handled.push(item.sourceId);
    return Promise.resolve({ kind: 'done' });
  });
  const ending = new AbortController();
  let removed = 0;
  const pruning = (async () => {
    while (!ending.signal.aborted) {
      await pruneItems(database.pool, inTheFuture(), 1_000);
      removed += (await pruneAll(3)).length;
    }
  })();
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const storing = keys.map(async (key) => {
    for (let n = 1; n <= 60; n += 1) await database.enqueue(...itemsOf(key, 1, n));
  });
  await Promise.all(storing);
  await eventually(database.lanesAreIdle);
  ending.abort();
  await pruning;
  for (const key of keys)
    expect(handled.filter((id) => id.startsWith(`${key}-`))).toEqual(
      itemsOf(key, 60).map(({ sourceId }) => sourceId),
    );
  expect(removed).toBeGreaterThan(0);
});
