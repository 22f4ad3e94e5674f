// A PostgreSQL host that is gone without a word: packets are swallowed, no connection ends, and the bridge goes on all the same.
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { inTransaction } from '../../src/inbox/database.ts';
import { startReplica } from '../../src/inbox/replica.ts';
import { exponentialRetry } from '../../src/inbox/retry-policy.ts';
import { createConnections, type Connections } from '../../src/store/connections.ts';
import { createRoomLocks } from '../../src/store/room-locks.ts';
import { isDatabaseAway } from '../../src/telemetry/database-failure.ts';
import { openLink, type FlakyLink } from '../faults/flaky-link.ts';
import { itemsOf, useDatabase } from '../inbox/support/database.ts';
import { createKeptLog } from '../inbox/support/replica.ts';
import { clock, eventually, sleep } from '../inbox/support/time.ts';
import { plainPayloads } from '../builders/payloads.ts';

const ANSWER_MS = 400;
const database = useDatabase();
const never = new AbortController().signal;
let link: FlakyLink;
let connections: Connections;

beforeEach(async () => {
  expect(inject('adminUrl')).toMatch(/^postgres/);
  link = await openLink(database.url, 0);
  connections = createConnections(link.url, 3, {
    ...{ connectMs: ANSWER_MS, answerMs: ANSWER_MS, sessionAnswerMs: ANSWER_MS },
  });
  connections.pool.on('error', () => undefined);
});
afterEach(async () => {
  connections.renew();
  await connections.pool.end();
  await link.close();
});

const failureOf = async (work: Promise<unknown>): Promise<{ error: unknown; afterMs: number }> => {
  const begun = performance.now();
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, afterMs: performance.now() - begun };
};

test('a connection outlasts the minute between two passes of a job', () => {
  expect(connections.pool.options.idleTimeoutMillis).toBeGreaterThan(60_000);
});

describe('over a connection that swallows packets', () => {
  test('a statement fails after its time, as one of a database that is away, and the next goes a new way', async () => {
    await connections.pool.query('select');
    link.swallow();
    const { error, afterMs } = await failureOf(connections.pool.query('select'));
    expect(isDatabaseAway(error)).toBe(true);
    expect(afterMs).toBeLessThan(10 * ANSWER_MS);
    expect((await connections.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('a transaction fails after one statement’s time, and its connection is not used again', async () => {
    const work = inTransaction(connections.pool, async (tx) => {
      await tx.query('select');
      link.swallow();
      await tx.query('select');
    });
    const { error, afterMs } = await failureOf(work);
    expect(isDatabaseAway(error)).toBe(true);
    expect(afterMs).toBeLessThan(1.9 * ANSWER_MS);
    expect(connections.pool.totalCount).toBe(0);
  });

  test('a room lock fails after its time, and the next is had in a new session', async () => {
    const locks = createRoomLocks({ connect: connections.connectSession, sleep });
    expect(await locks.lock('a', never, () => Promise.resolve('first'))).toBe('first');
    link.swallow();
    const { error } = await failureOf(locks.lock('a', never, () => Promise.resolve('second')));
    expect(isDatabaseAway(error)).toBe(true);
    expect(await locks.lock('b', never, () => Promise.resolve('third'))).toBe('third');
    await locks.close();
  });

  test('a room lock that was held is free with the next session', async () => {
    const locks = createRoomLocks({ connect: connections.connectSession, sleep });
    await locks.lock('a', never, () => {
      link.swallow();
      return Promise.resolve();
    });
    expect(await locks.lock('a', AbortSignal.timeout(5_000), () => Promise.resolve('again'))).toBe('again');
    await locks.close();
  });
});

test('renewed, all connections are broken at once, whatever is under way, and new ones are made', async () => {
  const session = await connections.connectSession();
  session.on('error', () => undefined);
  await Promise.all([connections.pool.query('select'), connections.pool.query('select')]);
  const waiting = [connections.pool.query('select pg_sleep(30)'), session.query('select pg_sleep(30)')];
  const failures = waiting.map((query) => failureOf(query));
  await eventually(() => connections.pool.idleCount < connections.pool.totalCount);
  connections.renew();
  for (const { error } of await Promise.all(failures)) expect(isDatabaseAway(error)).toBe(true);
  expect((await connections.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('a host that takes no connection is not waited for without end', async () => {
  link.stall();
  expect(isDatabaseAway((await failureOf(connections.connectSession())).error)).toBe(true);
  expect(isDatabaseAway((await failureOf(connections.pool.query('select'))).error)).toBe(true);
});

test('a replica whose host is gone without a word goes on within seconds, though its statements may take longer', async () => {
  const handled: string[] = [];
  const patient = { connectMs: ANSWER_MS, answerMs: 60_000, sessionAnswerMs: 60_000 };
  const { pool, connectSession, renew } = createConnections(link.url, 1, patient);
  pool.on('error', () => undefined);
  // Its one connection is there before, so that the acknowledgement goes where nothing arrives.
  await pool.query('select');
  const replica = await startReplica({
    ...{ pool, connectSession, onSessionLost: renew },
    ...{ slots: 2, payloads: plainPayloads, clock, sleep, log: createKeptLog() },
    timings: { heartbeatMs: 30, trustedForMs: 500, staleAfterMs: 1_000, tryEveryMs: 30, pollMs: 100 },
    retryPolicy: exponentialRetry(
      { firstDelayMs: 1, maxDelayMs: 10, maxAttempts: 100, maxAgeMs: 60_000 },
      Math.random,
    ),
    handle: ({ sourceId }) => {
      // From now on neither the acknowledgement nor a heartbeat arrives.
      if (handled.push(sourceId) === 1) link.swallow();
      return Promise.resolve({ kind: 'done' });
    },
  });
  await database.enqueue(...itemsOf('a', 3), ...itemsOf('b', 1));
  await eventually(database.lanesAreIdle);
  expect(replica.state).toBe('running');
  expect(new Set(handled)).toEqual(new Set(['a-1', 'a-2', 'a-3', 'b-1']));
  await replica.stop({ graceMs: 1_000 });
  await pool.end();
});
