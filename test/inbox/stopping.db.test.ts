// A replica leaves in good order: what is under way is finished or left in doubt, never lost.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Attempt } from '../../src/inbox/item.ts';
import { readQueueStats } from '../../src/inbox/queue-stats.ts';
import { useDatabase, itemsOf } from './support/database.ts';
import { done, slowHandler } from './support/handlers.ts';
import { useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';

const database = useDatabase();
const replicas = useReplicas(database);

test('takes no more items, lets the one under way finish, gives the lane back and leaves', async () => {
  await database.enqueue(...itemsOf('a', 3));
  const slow = slowHandler(true);
  const handled: string[] = [];
  const replica = await replicas.start((item, attempt) => {
    handled.push(item.sourceId);
    return slow.handle(item, attempt);
  });
  const { signal } = await slow.entered;
  const stopping = replica.stop({ graceMs: 20_000 });
  expect(replica.state).toBe('stopping');
  expect(signal.aborted).toBe(false);
  slow.go();
  await stopping;
  expect(replica.state).toBe('stopped');
  expect(handled).toEqual(['a-1']);
  const { rows } = await database.pool.query('select head::int, owner, in_doubt from lane');
  expect(rows).toEqual([{ head: 1, owner: null, in_doubt: false }]);
  expect(await database.replicaIds()).toEqual([]);
  await replica.stop({ graceMs: 0 });
});

test.each([
  ['heeds', true],
  ['does not heed', false],
])('after the grace time, a handler that %s its signal is left, and its item in doubt', async (_, heeds) => {
  await database.enqueue(...itemsOf('a', 1));
  const slow = slowHandler(heeds);
  const replica = await replicas.start(slow.handle);
  const { signal } = await slow.entered;
  await replica.stop({ graceMs: 20 });
  expect(signal.aborted).toBe(true);
  expect(await database.replicaIds()).toEqual([]);
  slow.go();
  const attempts: Attempt[] = [];
  await replicas.start((__, attempt) => {
    attempts.push(attempt);
    return Promise.resolve(done);
  });
  await eventually(database.lanesAreIdle);
  expect(attempts).toMatchObject([{ number: 2, inDoubt: true }]);
});

test('does not wait for lanes that back off', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const replica = await replicas.start(() =>
    Promise.resolve({ kind: 'retry', error: { code: 'X', message: '' }, afterMs: 60_000 }),
  );
  await eventually(async () => (await readQueueStats(database.pool)).retryingLanes === 1);
  const started = performance.now();
  await replica.stop({ graceMs: 30_000 });
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('while reconnecting, ends at once', async () => {
  let refuse = false;
  const replica = await replicas.start(() => Promise.resolve(done), {
    connectSession: () => (refuse ? Promise.reject(new Error('refused')) : database.connect()),
  });
  refuse = true;
  await database.cutSessions();
  await eventually(() => replica.state === 'reconnecting');
  await replica.stop({ graceMs: 1_000 });
  expect(replica.state).toBe('stopped');
});

test('what is still listening or leased ends with it, and no connection stays', async () => {
  const replica = await replicas.start(() => Promise.resolve(done));
  const running = Promise.withResolvers<AbortSignal>();
  replica.runJob('test', async (signal) => {
    running.resolve(signal);
    await once(signal, 'abort');
  });
  const signal = await running.promise;
  await replica.stop({ graceMs: 10_000 });
  expect(signal.aborted).toBe(true);
  const { rows } = await database.pool.query(
    "select from pg_locks where locktype = 'advisory' and classid in (x'0f41'::int, x'0f42'::int) and database = (select oid from pg_database where datname = current_database())",
  );
  expect(rows).toEqual([]);
});
