// Work of which much may come at once takes its share of the slots and no more, so that all other work finds a free one.
import { describe, expect, test } from 'vitest';
import type { Item, NewItem, Outcome } from '../../src/inbox/item.ts';
import type { Queryable } from '../../src/inbox/database.ts';
import { leaseLanes } from '../../src/inbox/lease-lanes.ts';
import { registerReplica } from '../../src/inbox/replica-rows.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { useReplicas } from './support/replica.ts';
import { eventually, sleep } from './support/time.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const done: Outcome = { kind: 'done' };

const bulkOf = (lane: string, count = 1, from = 1): NewItem[] =>
  itemsOf(lane, count, from).map((item) => ({ ...item, isBulk: true }));
const bulkLanes = (count: number): NewItem[] =>
  Array.from({ length: count }, (_, index) => bulkOf(`bulk${index}`)).flat();
const isBulk = ({ lane }: Pick<Item, 'lane'>): boolean => lane.startsWith('bulk');

/** A handler in which the items of bulk lanes stay until they are let go. */
function stuckInBulk() {
  const gone = Promise.withResolvers<undefined>();
  const entered: string[] = [];
  let within = 0;
  let mostWithin = 0;
  return {
    entered,
    mostWithin: () => mostWithin,
    letGo: () => {
      gone.resolve(undefined);
    },
    handle: async (item: Item): Promise<Outcome> => {
      entered.push(item.sourceId);
      if (!isBulk(item)) return done;
      within += 1;
      mostWithin = Math.max(mostWithin, within);
      await gone.promise;
      within -= 1;
      return done;
    },
  };
}

test('a message is handled at once though 500 bulk items came before it, and each takes for ever', async () => {
  await database.enqueue(...bulkLanes(500));
  const stuck = stuckInBulk();
  await replicas.start(stuck.handle, { slots: 4, bulkSlots: 2 });
  await eventually(() => stuck.entered.length === 2);
  await database.enqueue(...itemsOf('message', 1));
  await eventually(() => stuck.entered.includes('message-1'));
  expect(stuck.entered).toHaveLength(3);
  stuck.letGo();
  await eventually(database.lanesAreIdle);
  expect(stuck.entered).toHaveLength(501);
  expect(stuck.mostWithin()).toBe(2);
});

test('as soon as a bulk item is done the next one has its slot, without a poll', async () => {
  const handled: string[] = [];
  await database.enqueue(...bulkLanes(20));
  await replicas.start(
    async (item) => {
      await sleep(1);
      handled.push(item.sourceId);
      return done;
    },
    { slots: 4, bulkSlots: 1 },
  );
  await eventually(database.lanesAreIdle); // the next poll is a minute away
  expect(handled.toSorted()).toEqual(
    bulkLanes(20)
      .map(({ sourceId }) => sourceId)
      .toSorted(),
  );
});

test('a bulk lane gives up its slot after its slice when other bulk lanes wait, though slots are free', async () => {
  await database.enqueue(...bulkOf('bulk-long', 50), ...bulkOf('bulk-other'));
  const handled: string[] = [];
  await replicas.start(
    async (item) => {
      await sleep(1);
      handled.push(item.sourceId);
      return done;
    },
    { slots: 4, bulkSlots: 1, timings: { sliceMs: 5 } },
  );
  await eventually(database.lanesAreIdle);
  expect(handled.indexOf('bulk-other-1')).toBeLessThan(50);
});

test('without a share of its own, bulk work may take all slots', async () => {
  await database.enqueue(...bulkLanes(8));
  const stuck = stuckInBulk();
  await replicas.start(stuck.handle, { slots: 4 });
  await eventually(() => stuck.entered.length === 4);
  stuck.letGo();
});

describe('which lanes are leased', () => {
  const lease = async (limit: number, bulkLimit: number): Promise<readonly string[]> => {
    const replica = await registerReplica(await database.connect());
    const lanes = await leaseLanes(database.pool, replica, limit, bulkLimit);
    expect(lanes.map((lane) => lane.isBulk)).toEqual(lanes.map(isLeasedAsBulk));
    return lanes.map(({ key }) => key);
  };
  const isLeasedAsBulk = ({ key }: { readonly key: string }): boolean => key.startsWith('bulk');
  const store = async (...lanes: readonly string[]): Promise<void> => {
    for (const lane of lanes) await database.enqueue(...(isBulk({ lane }) ? bulkOf(lane) : itemsOf(lane, 1)));
  };

  test('those that wait longest come first, bulk or not, up to the share', async () => {
    await store('bulk1', 'bulk2', 'a', 'bulk3', 'b', 'bulk4');
    expect(await lease(4, 2)).toEqual(['bulk1', 'bulk2', 'a', 'b']);
    expect(await lease(4, 4)).toEqual(['bulk3', 'bulk4']);
  });

  test('bulk lanes that wait longer are not starved by others', async () => {
    await store('bulk1', 'a', 'b', 'c');
    expect(await lease(2, 1)).toEqual(['bulk1', 'a']);
  });

  test('no bulk lane where the share is taken', async () => {
    await store('bulk1', 'a');
    expect(await lease(2, 0)).toEqual(['a']);
  });

  test('a lane with anything else in it is no bulk lane, until it is empty', async () => {
    await database.enqueue(...bulkOf('a'), ...bulkOf('b'));
    await database.enqueue(...itemsOf('a', 1, 2));
    await database.enqueue(...bulkOf('a', 1, 3));
    expect(await lease(4, 0)).toEqual(['a']);
  });

  test('a lane that gets both at once is none', async () => {
    await database.enqueue(...bulkOf('a'), ...itemsOf('a', 1, 2));
    expect(await lease(4, 0)).toEqual(['a']);
  });

  test('an empty lane is what comes into it next', async () => {
    await database.enqueue(...itemsOf('bulk', 1));
    const replica = await replicas.start(() => Promise.resolve(done));
    await eventually(database.lanesAreIdle);
    await replica.stop({ graceMs: 1_000 });
    await database.enqueue(...bulkOf('bulk', 1, 2));
    expect(await lease(4, 0)).toEqual([]);
    expect(await lease(4, 1)).toEqual(['bulk']);
  });

  test('what is known already makes no lane another', async () => {
    await database.enqueue(...bulkOf('bulk'));
    await database.enqueue(...itemsOf('bulk', 1));
    expect(await lease(4, 1)).toEqual(['bulk']);
  });
});

test('a lease does not go through the bulk lanes that wait, however many', async () => {
  await database.pool.query(
    `insert into lane (key, tail, ready_at, bulk) select 'bulk' || n, 1, now() - interval '1 hour', true from generate_series(1, 20000) as n`,
  );
  await database.enqueue(...itemsOf('message', 1));
  await database.pool.query('analyze lane');
  const plans: string[] = [];
  const client = await database.connect();
  const replica = await registerReplica(client);
  const query = async (statement: string, values: unknown[]): Promise<unknown> => {
    const explain = `explain (analyze, timing off) ${statement}`;
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(explain, values);
    plans.push(...rows.map((row) => row['QUERY PLAN']));
    return { rows: [] };
  };
  await leaseLanes({ query: query as Queryable['query'] }, replica, 20, 4);
  const most = Math.max(
    ...plans.flatMap((line) => /actual rows=(\d+)/.exec(line)?.slice(1).map(Number) ?? []),
  );
  expect(most).toBeLessThan(100);
});
