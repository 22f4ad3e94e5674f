// The nine mistakes that are easily made in a log like this, each kept from coming back by a test.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createAcknowledge } from '../../src/inbox/acknowledge.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { giveBackUntouched, leaseLanes } from '../../src/inbox/lease-lanes.ts';
import type { Attempt, Item, Outcome } from '../../src/inbox/item.ts';
import { pruneItems } from '../../src/inbox/prune-items.ts';
import { registerReplica } from '../../src/inbox/replica-rows.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { createKeptLog, useReplicas } from './support/replica.ts';
import { createJumpingClock, eventually } from './support/time.ts';
import { enqueue } from '../builders/payloads.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const done: Outcome = { kind: 'done' };

test('1: heartbeats do not prolong the wait of a lane that backs off', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const attempts: number[] = [];
  await replicas.start((_, { number }) => {
    attempts.push(performance.now());
    const retry: Outcome = { kind: 'retry', error: { code: 'LATER', message: '' }, afterMs: 400 };
    return Promise.resolve(number === 1 ? retry : done);
  });
  const read = async () => {
    const { rows } = await database.pool.query<{ ready: Date | null; beat: Date }>(
      'select ready_at as ready, heartbeat_at as beat from lane, replica where attempts = 1',
    );
    return rows[0];
  };
  await eventually(async () => (await read()) !== undefined);
  const before = await read();
  await eventually(async () => Number((await read())?.beat ?? Infinity) > Number(before?.beat) + 60);
  expect((await read())?.ready ?? before?.ready).toEqual(before?.ready);
  await eventually(database.lanesAreIdle);
  const [first = 0, second = 0] = attempts;
  expect(second - first).toBeGreaterThanOrEqual(399);
  expect(second - first).toBeLessThan(3_000);
});

test('2: transactions over many lanes, leases, acknowledgements and heartbeats never fail of a deadlock', async () => {
  const log = createKeptLog();
  const handled: string[] = [];
  for (let count = 0; count < 3; count++) {
    await replicas.start(
      (item) => {
        handled.push(item.sourceId);
        return Promise.resolve(done);
      },
      {
        log,
        timings: {
          heartbeatMs: 5,
          trustedForMs: 20_000,
          staleAfterMs: 30_000,
          pollMs: 20,
          sliceMs: 0,
          tryEveryMs: 30,
        },
      },
    );
  }
  const lanes = Array.from({ length: 12 }, (_, index) => `lane ${index}`);
  const produce = async (producer: number): Promise<void> => {
    for (let round = 0; round < 40; round++) {
      const start = (round * 7 + producer * 5) % lanes.length;
      const turned = [...lanes.slice(start), ...lanes.slice(0, start)].slice(0, 6);
      await database.enqueue(
        ...turned.map((lane) => ({
          lane,
          source: `p${producer}`,
          sourceId: `${round} ${lane}`,
          payload: null,
        })),
      );
    }
  };
  await Promise.all([0, 1, 2, 3, 4].map(produce));
  await eventually(database.lanesAreIdle);
  expect(handled).toHaveLength(5 * 40 * 6);
  expect(log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});

test('2: of two transactions that wait for each other, the one that PostgreSQL ends is run again', async () => {
  await database.enqueue(...itemsOf('a', 1), ...itemsOf('b', 1));
  const bothHaveOne = createMeeting(2);
  let runs = 0;
  const lock = (first: string, second: string): Promise<void> =>
    inTransaction(database.pool, async (client) => {
      runs += 1;
      await client.query('select from lane where key = $1 for update', [first]);
      await bothHaveOne();
      await client.query('select from lane where key = $1 for update', [second]);
    });
  await Promise.all([lock('a', 'b'), lock('b', 'a')]);
  expect(runs).toBe(3);
});

test('2: a lease that PostgreSQL ends to resolve a deadlock is tried again', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const client = await database.connect();
  const replica = await registerReplica(client);
  const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });
  const query = vi.spyOn(client, 'query').mockImplementationOnce(() => {
    throw deadlock;
  });
  expect(await leaseLanes(client, replica, 1)).toMatchObject([{ key: 'a' }]);
  expect(query).toHaveBeenCalledTimes(2);
});

test('2: lanes that are given back wait for those who store items in them, and never deadlock with them', async () => {
  // In the table, b stands before a.
  await database.enqueue(...itemsOf('b', 1));
  await database.enqueue(...itemsOf('a', 1));
  const client = await database.connect();
  const leased = await leaseLanes(client, await registerReplica(client), 2);
  const producer = await database.connect();
  await producer.query('begin');
  await enqueue(producer, itemsOf('a', 1, 2));
  const givingBack = giveBackUntouched(client, leased, 0);
  await eventually(async () => {
    const { rows } = await database.pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'",
    );
    return rows.length === 1;
  });
  await enqueue(producer, itemsOf('b', 1, 2));
  await producer.query('commit');
  await givingBack;
  expect(await leaseLanes(client, await registerReplica(client), 2)).toHaveLength(2);
});

test('3: an item stored while the last one is being acknowledged is not left lying', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const client = await database.connect();
  const replica = await registerReplica(client);
  const [lane] = await leaseLanes(client, replica, 1);
  if (!lane) throw new Error('There is no lane to be leased');
  const producer = await database.connect();
  await producer.query('begin');
  await enqueue(producer, itemsOf('a', 1, 2));
  const acknowledging = createAcknowledge(database.pool)(lane, 1);
  await eventually(async () => {
    const { rows } = await database.pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'",
    );
    return rows.length === 1;
  });
  await producer.query('commit');
  expect(await acknowledging).toBe('more');
});

test('4: a failure is counted for the item that failed, whatever was acknowledged before it', async () => {
  await database.enqueue(...itemsOf('a', 6));
  const attempts: string[] = [];
  await replicas.start((item, { number }) => {
    attempts.push(`${item.sourceId} ${number}`);
    const fails = item.sourceId === 'a-4' && number < 4;
    return Promise.resolve(fails ? { kind: 'retry', error: { code: 'X', message: '' } } : done);
  });
  await eventually(database.lanesAreIdle);
  expect(attempts).toEqual(['a-1 1', 'a-2 1', 'a-3 1', 'a-4 1', 'a-4 2', 'a-4 3', 'a-4 4', 'a-5 1', 'a-6 1']);
});

test('5: an item that comes alone costs one lease, but a full lease is followed by another at once', async () => {
  const log = createKeptLog();
  const leases = (): number => log.lines.filter(({ message }) => message === 'Leased lanes').length;
  let handled = 0;
  const replica = await replicas.start(
    () => {
      handled++;
      return Promise.resolve(done);
    },
    { log },
  );
  await eventually(() => leases() === 1);
  for (let count = 1; count <= 30; count++) {
    await database.enqueue(...itemsOf('alone', 1, count));
    await eventually(database.lanesAreIdle);
    await nextTurn();
  }
  expect(handled).toBe(30);
  expect(leases()).toBe(31);
  await replica.stop({ graceMs: 1_000 });

  await database.enqueue(...Array.from({ length: 9 }, (_, index) => itemsOf(`lane ${index}`, 1)).flat());
  await replicas.start(() => Promise.resolve(done), { slots: 2 });
  await eventually(database.lanesAreIdle); // no notification, and the next poll is a minute away
});

test('6: plans of the session are never compiled', async () => {
  const clients: Awaited<ReturnType<typeof database.connect>>[] = [];
  await replicas.start(() => Promise.resolve(done), {
    connectSession: async () => {
      const client = await database.connect();
      await client.query('set jit = on');
      clients.push(client);
      return client;
    },
  });
  const { rows } = (await clients[0]?.query<{ jit: string }>('show jit')) ?? { rows: [] };
  expect(rows).toEqual([{ jit: 'off' }]);
});

test('7: a lost connection ends the replica id and everything under way; work goes on under a new id', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const calls: { attempt: Attempt; item: Item }[] = [];
  const replica = await replicas.start(async (item, attempt) => {
    calls.push({ item, attempt });
    if (calls.length > 1) return done;
    await new Promise((resolve) => {
      attempt.signal.addEventListener('abort', resolve);
    });
    throw new Error('aborted');
  });
  await eventually(() => calls.length === 1);
  const [before] = await database.replicaIds();
  await database.cutSessions();
  await eventually(database.lanesAreIdle);
  expect(calls.map(({ attempt }) => [attempt.number, attempt.inDoubt])).toEqual([
    [1, false],
    [2, true],
  ]);
  expect(calls[0]?.attempt.signal.reason).toMatchObject({ code: 'INBOX_SESSION_LOST' });
  expect(await database.replicaIds()).not.toContain(before);
  expect(replica.state).toBe('running');
});

test.each(['jumpMonotonic', 'jumpWall'] as const)(
  '8: a process that stood still (%s) finds out before the next call of the handler',
  async (jump) => {
    await database.enqueue(...itemsOf('a', 2));
    const clock = createJumpingClock();
    const attempts: [string, Attempt][] = [];
    await replicas.start(
      (item, attempt) => {
        attempts.push([item.sourceId, attempt]);
        if (attempts.length === 1) clock[jump](20_001);
        return Promise.resolve(done);
      },
      { clock },
    );
    await eventually(database.lanesAreIdle);
    const [first, second] = attempts;
    expect(attempts.map(([id, { number, inDoubt }]) => [id, number, inDoubt])).toEqual([
      ['a-1', 1, false],
      ['a-2', 2, true],
    ]);
    expect(first?.[1].signal.aborted).toBe(true);
    expect(second?.[1].signal.aborted).toBe(false);
  },
);

test('9: pruning takes old handled items in small batches, and nothing that is still to be handled', async () => {
  await database.enqueue(...itemsOf('old', 25), ...itemsOf('stuck', 5));
  await database.pool.query("update item set received_at = now() - interval '10 days'");
  await database.enqueue(...itemsOf('old', 5, 26));
  await database.pool.query("update lane set head = 28 where key = 'old'");
  await database.pool.query("update lane set head = 2 where key = 'stuck'");
  const statements = vi.spyOn(database.pool, 'query');
  const olderThan = new Date(Date.now() - 24 * 60 * 60 * 1_000);
  const pruned = [];
  while (pruned.at(-1) !== 7) pruned.push(await pruneItems(database.pool, olderThan, 10));
  expect(pruned).toEqual([10, 10, 7]);
  expect(statements).toHaveBeenCalledTimes(3);
  statements.mockRestore();
  const { rows } = await database.pool.query<{ source_id: string }>(
    'select source_id from item order by source_id',
  );
  expect(rows.map((row) => row.source_id)).toEqual([
    'old-26',
    'old-27',
    'old-28',
    'old-29',
    'old-30',
    'stuck-3',
    'stuck-4',
    'stuck-5',
  ]);
});

/** Makes what resolves when it was called so often, and from then on at once. */
function createMeeting(size: number): () => Promise<void> {
  const all = Promise.withResolvers<undefined>();
  let came = 0;
  return async () => {
    came += 1;
    if (came === size) all.resolve(undefined);
    await all.promise;
  };
}
