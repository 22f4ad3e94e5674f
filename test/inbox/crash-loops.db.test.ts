// Replicas that die again and again hold up no other one, and take nothing down with them that did not kill them.
import { expect, test } from 'vitest';
import type { Handle } from '../../src/inbox/item.ts';
import { listDeadLetters } from '../../src/inbox/dead-letters.ts';
import { leaseLanes } from '../../src/inbox/lease-lanes.ts';
import { registerReplica } from '../../src/inbox/replica-rows.ts';
import { startReplica } from '../../src/inbox/replica.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { done, script } from './support/handlers.ts';
import { createMortalProcess, type MortalProcess } from './support/mortal-process.ts';
import { createKeptLog, quickTimings, useReplicas } from './support/replica.ts';
import { clock, eventually, sleep } from './support/time.ts';
import { plainPayloads } from '../builders/payloads.ts';

const database = useDatabase();
const replicas = useReplicas(database);

test('a replica that cannot handle anything yet takes no lane, and the others go on', async () => {
  const ready = Promise.withResolvers<undefined>();
  const starting = script({});
  await replicas.start(starting.handle, { ready: () => ready.promise });
  await database.enqueue(...itemsOf('a', 3));
  const working = script({});
  const other = await replicas.start(working.handle);
  await eventually(database.lanesAreIdle);
  expect(working.ids()).toEqual(['a-1', 'a-2', 'a-3']);
  await other.stop({ graceMs: 1_000 });
  ready.resolve(undefined);
  await database.enqueue(...itemsOf('a', 1, 4));
  await eventually(database.lanesAreIdle);
  expect(starting.ids()).toEqual(['a-4']);
});

test('a replica that cannot handle anything yet can be stopped', async () => {
  const replica = await replicas.start(script({}).handle, {
    ready: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      }),
  });
  await replica.stop({ graceMs: 20_000 });
  expect(replica.state).toBe('stopped');
});

test('the deaths of replicas are no failures: after the first failure, an item is tried again as soon as after any first', async () => {
  await database.enqueue(...itemsOf('a', 1));
  for (let death = 0; death < 6; death += 1) {
    const dying = await database.connect();
    const [lane] = await leaseLanes(dying, await registerReplica(dying), 1);
    expect(lane?.key).toBe('a');
    await dying.query('truncate replica');
    await dying.end();
  }
  const failures: number[] = [];
  const unlucky = script({ 'a-1': [{ kind: 'retry', error: { code: 'NOT_NOW', message: '' } }] });
  await replicas.start(unlucky.handle, {
    retryPolicy: (failure) => {
      failures.push(failure);
      return 0;
    },
  });
  await eventually(database.lanesAreIdle);
  expect(failures).toEqual([1]);
  expect(unlucky.attempts.map(({ attempt }) => attempt.number)).toEqual([7, 8]);
});

test('an item that kills every process it comes to takes no other down: it alone becomes a dead letter', async () => {
  const innocent = ['b', 'c', 'd', 'e', 'f'];
  await database.enqueue(...['a', ...innocent].flatMap((lane) => itemsOf(lane, 2)));
  const handled: string[] = [];
  const processes = inACrashLoop((process) => async ({ sourceId }) => {
    if (sourceId === 'a-1') process.die();
    await process.sleep(100);
    handled.push(sourceId);
    return done;
  });
  try {
    await eventually(database.lanesAreIdle, 50_000);
  } finally {
    processes.end();
  }
  expect(await listDeadLetters(database.pool, { limit: 20 })).toMatchObject([
    { sourceId: 'a-1', errorCode: 'INBOX_OWNERS_DIED' },
  ]);
  expect(new Set(handled)).toEqual(
    new Set(['a-2', ...innocent.flatMap((lane) => [`${lane}-1`, `${lane}-2`])]),
  );
});

/** A process, and another as soon as it has died, and so on until the end. */
function inACrashLoop(handlerOf: (process: MortalProcess) => Handle): { end(): void } {
  let isOver = false;
  let process = start();
  function start(): MortalProcess {
    const next = createMortalProcess(database.url, Infinity, sleep);
    const { pool, connectSession, death } = next;
    void startReplica({
      ...{ pool, connectSession, clock, sleep: next.sleep, log: createKeptLog() },
      ...{ handle: handlerOf(next), payloads: plainPayloads, retryPolicy: () => 0 },
      // What one that died gave back for a while, the next ones find by polling.
      ...{ slots: 10, timings: { ...quickTimings, pollMs: 100 } },
    });
    void death.then(() => {
      if (!isOver) process = start();
    });
    return next;
  }
  return {
    end() {
      isOver = true;
      process.die();
    },
  };
}

test('the next suspect has its turn as soon as the item before it has turned out to be harmless', async () => {
  await database.enqueue(...itemsOf('a', 3), ...itemsOf('b', 1));
  await database.pool.query('update lane set owner = 0, owners_died = 5');
  const otherHandled = Promise.withResolvers<undefined>();
  const handled: string[] = [];
  await replicas.start(async ({ sourceId }) => {
    if (sourceId === 'a-2') await otherHandled.promise;
    if (sourceId === 'b-1') otherHandled.resolve(undefined);
    handled.push(sourceId);
    return done;
  });
  await eventually(database.lanesAreIdle);
  expect(handled.toSorted()).toEqual(['a-1', 'a-2', 'a-3', 'b-1']);
});
