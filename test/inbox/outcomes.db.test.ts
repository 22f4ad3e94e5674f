// What becomes of an item: for each answer of the handler, and when things go wrong on the way.
import type { ClientBase } from 'pg';
import { describe, expect, test } from 'vitest';
import type { Handle, Outcome } from '../../src/inbox/item.ts';
import { listDeadLetters } from '../../src/inbox/dead-letters.ts';
import { readQueueStats } from '../../src/inbox/queue-stats.ts';
import { exponentialRetry } from '../../src/inbox/retry-policy.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { useEffects } from './support/effects.ts';
import { script } from './support/handlers.ts';
import { createKeptLog, useReplicas } from './support/replica.ts';
import { eventually, sleep } from './support/time.ts';
import { enqueue } from '../builders/payloads.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const effects = useEffects(database);
const done: Outcome = { kind: 'done' };
const retry: Outcome = { kind: 'retry', error: { code: 'NOT_NOW', message: 'The server is away' } };

describe('done and ignored', () => {
  test('what the handler records is written with the acknowledgement', async () => {
    await database.enqueue(...itemsOf('a', 3));
    await replicas.start((item) =>
      Promise.resolve(
        item.position === 2
          ? { kind: 'ignored', reason: 'nothing to do', record: effects.record('ignored') }
          : { kind: 'done', record: effects.record(item.sourceId) },
      ),
    );
    await eventually(database.lanesAreIdle);
    expect(await effects.read()).toEqual(['a-1', 'a-3', 'ignored']);
  });

  test('a record may enqueue, also into its own lane', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const { attempts, handle, ids } = script({
      'a-1': [
        {
          kind: 'done',
          record: (transaction) =>
            enqueue(transaction, [...itemsOf('a', 1, 2), ...itemsOf('b', 1)]).then(() => undefined),
        },
      ],
    });
    await replicas.start(handle);
    await eventually(() => attempts.length === 3);
    await eventually(database.lanesAreIdle);
    expect(ids().sort()).toEqual(['a-1', 'a-2', 'b-1']);
  });

  test('records that enqueue crosswise, which deadlocks, are written again without calling the handler again', async () => {
    await database.enqueue(...itemsOf('a', 1), ...itemsOf('b', 1));
    let waiting = 0;
    const both = Promise.withResolvers<undefined>();
    const calls: string[] = [];
    await replicas.start((item) => {
      calls.push(item.sourceId);
      if (item.position > 1) return Promise.resolve(done);
      const other = item.lane === 'a' ? 'b' : 'a';
      return Promise.resolve({
        kind: 'done',
        record: async (transaction) => {
          if (++waiting === 2) both.resolve(undefined);
          await both.promise;
          await enqueue(transaction, itemsOf(other, 1, 2));
        },
      });
    });
    await eventually(database.lanesAreIdle);
    expect(calls.sort()).toEqual(['a-1', 'a-2', 'b-1', 'b-2']);
  });

  test('a record that throws undoes everything; the item is tried again, in doubt', async () => {
    await database.enqueue(...itemsOf('a', 2));
    const broken = async (transaction: ClientBase) => {
      await effects.record('half')(transaction);
      throw new Error('no');
    };
    const { attempts, handle, ids } = script({ 'a-1': [{ kind: 'done', record: broken }] });
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    expect(await effects.read()).toEqual([]);
    expect(ids()).toEqual(['a-1', 'a-1', 'a-2']);
    expect(attempts.map(({ attempt }) => attempt.inDoubt)).toEqual([false, true, false]);
  });

  test('a connection that breaks in the middle of a record ends the transaction and nothing else', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const { attempts, handle } = script({
      'a-1': [
        {
          kind: 'done',
          record: async (transaction) => {
            await effects.record('half')(transaction);
            const { rows } = await transaction.query<{ pid: number }>('select pg_backend_pid() as pid');
            const ended = new Promise((resolve) => transaction.once('error', resolve));
            await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
            await ended;
          },
        },
      ],
    });
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    expect(attempts.map(({ attempt }) => attempt.inDoubt)).toEqual([false, true]);
    expect(await effects.read()).toEqual([]);
  });
});

describe('retry', () => {
  test('holds up its own lane, in order, and no other', async () => {
    await database.enqueue(...itemsOf('a', 3));
    await database.enqueue(...itemsOf('b', 3));
    const later: Outcome = { ...retry, afterMs: 300 };
    const { attempts, handle, ids } = script({ 'a-1': [later] });
    await replicas.start(handle, { slots: 1 });
    await eventually(() => attempts.length === 4);
    expect(ids()).toEqual(['a-1', 'b-1', 'b-2', 'b-3']);
    await eventually(database.lanesAreIdle);
    expect(ids().slice(4)).toEqual(['a-1', 'a-2', 'a-3']);
    expect(attempts[4]?.attempt).toMatchObject({ number: 2, inDoubt: false });
  });

  test.each([Number.NaN, Infinity, -5])('a nonsensical delay of %s does no harm', async (afterMs) => {
    await database.enqueue(...itemsOf('a', 1));
    const { handle, ids } = script({ 'a-1': [{ ...retry, afterMs }] });
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    expect(ids()).toEqual(['a-1', 'a-1']);
  });

  test('throwing is a retry with a generic code, in doubt, and what was thrown is not quoted', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const log = createKeptLog();
    const secret = 'Mrs Jansen has a rash';
    const { attempts, handle } = script({ 'a-1': [new TypeError(secret)] });
    await replicas.start(handle, { log, retryPolicy: () => 200 });
    await eventually(async () => (await readQueueStats(database.pool)).retryingLanes === 1);
    const { rows } = await database.pool.query('select last_error_code, last_error_message from lane');
    expect(rows).toEqual([
      { last_error_code: 'INBOX_HANDLER_THREW', last_error_message: 'The handler threw: TypeError' },
    ]);
    await eventually(database.lanesAreIdle);
    expect(attempts[1]?.attempt).toMatchObject({ number: 2, inDoubt: true });
    expect(JSON.stringify(log.lines)).not.toContain(secret);
  });

  test('an answer that is none counts as throwing', async () => {
    await database.enqueue(...itemsOf('a', 2));
    const answers = [undefined, {}, null, { kind: 'odd' }];
    const attempts: string[] = [];
    await replicas.start((item, { number, inDoubt }) => {
      attempts.push(`${item.sourceId} ${number} ${inDoubt}`);
      return Promise.resolve(answers.length > 0 ? (answers.shift() as Outcome) : done);
    });
    await eventually(database.lanesAreIdle);
    expect(attempts).toEqual([
      'a-1 1 false',
      'a-1 2 true',
      'a-1 3 true',
      'a-1 4 true',
      'a-1 5 true',
      'a-2 1 false',
    ]);
  });

  test('the budget of attempts spent, the item becomes a dead letter and the lane goes on', async () => {
    await database.enqueue(...itemsOf('a', 2));
    const { attempts, handle } = script({ 'a-1': [retry, retry, retry, retry, retry] });
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    expect(attempts.map(({ id, attempt }) => `${id} ${attempt.number}`)).toEqual([
      'a-1 1',
      'a-1 2',
      'a-1 3',
      'a-1 4',
      'a-1 5',
      'a-2 1',
    ]);
    expect(await listDeadLetters(database.pool, { limit: 9 })).toMatchObject([
      { sourceId: 'a-1', attempts: 5, errorCode: 'NOT_NOW', errorMessage: 'The server is away' },
    ]);
  });

  test('the age limit counts from the first failure', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const ages: number[] = [];
    const { handle } = script({ 'a-1': [retry, retry, retry] });
    await replicas.start(handle, { retryPolicy: (_, age) => (ages.push(age), age >= 100 ? 'give up' : 120) });
    await eventually(database.lanesAreIdle);
    expect(ages[0]).toBe(0);
    expect(ages[1]).toBeGreaterThanOrEqual(119);
    expect(ages).toHaveLength(2);
    expect(await listDeadLetters(database.pool, { limit: 9 })).toHaveLength(1);
  });
});

describe('later', () => {
  const later: Outcome = { kind: 'later', afterMs: 30 };

  test('holds up its own lane, in order, and no other', async () => {
    await database.enqueue(...itemsOf('a', 2));
    await database.enqueue(...itemsOf('b', 2));
    const { attempts, handle, ids } = script({ 'a-1': [{ ...later, afterMs: 300 }] });
    await replicas.start(handle, { slots: 1 });
    await eventually(() => attempts.length === 3);
    expect(ids()).toEqual(['a-1', 'b-1', 'b-2']);
    await eventually(database.lanesAreIdle);
    expect(ids().slice(3)).toEqual(['a-1', 'a-2']);
  });

  test('is an attempt but no failure: nothing is written of an error, nobody is warned, no figure rises', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const log = createKeptLog();
    const { attempts, handle } = script({ 'a-1': [later, { ...later, afterMs: 60_000 }] });
    await replicas.start(handle, { log });
    await eventually(() => attempts.length === 2);
    await eventually(async () => {
      const { rowCount } = await database.pool.query('select from lane where attempts = 2 and delays = 2');
      return rowCount === 1;
    });
    const { rows } = await database.pool.query(
      'select first_failed_at, last_error_code, last_error_message, in_doubt, owner from lane',
    );
    const nothing = { first_failed_at: null, last_error_code: null, last_error_message: null };
    expect(rows).toEqual([{ ...nothing, in_doubt: false, owner: null }]);
    expect(await readQueueStats(database.pool)).toMatchObject({ busyLanes: 1, retryingLanes: 0 });
    expect(log.lines.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([]);
    expect(attempts.map(({ attempt: { number } }) => number)).toEqual([1, 2]);
  });

  test('takes nothing of the budget for failures, neither attempts nor time', async () => {
    await database.enqueue(...itemsOf('a', 2));
    const asked: [number, number][] = [];
    const wait: Outcome = { ...later, afterMs: 10 };
    const { attempts, handle } = script({ 'a-1': [...Array<Outcome>(8).fill(wait), retry, wait, retry] });
    await replicas.start(handle, {
      retryPolicy: (failures, failingForMs) => (asked.push([failures, failingForMs]), 10),
    });
    await eventually(database.lanesAreIdle);
    expect(asked.map(([failures]) => failures)).toEqual([1, 2]);
    expect(asked[0]?.[1]).toBe(0);
    expect(attempts.map(({ attempt: { number } }) => number).slice(8)).toEqual([9, 10, 11, 12, 1]);
  });

  test.each([Number.NaN, -5])('a nonsensical delay of %s does no harm', async (afterMs) => {
    await database.enqueue(...itemsOf('a', 1));
    const { handle, ids } = script({ 'a-1': [{ kind: 'later', afterMs }] });
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    expect(ids()).toEqual(['a-1', 'a-1']);
  });

  test('keeps an item in doubt that was so before', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const { attempts, handle } = script({ 'a-1': [new Error('no'), later] });
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    expect(attempts.map(({ attempt }) => attempt.inDoubt)).toEqual([false, true, true]);
  });
});

test('lanes with a long backlog take turns when there are more of them than slots', async () => {
  await database.enqueue(...itemsOf('a', 40));
  await database.enqueue(...itemsOf('b', 40));
  const { handle, ids } = script({});
  const slow: Handle = async (item, attempt) => {
    await sleep(5);
    return handle(item, attempt);
  };
  await replicas.start(slow, {
    slots: 1,
    timings: {
      heartbeatMs: 30,
      trustedForMs: 20_000,
      staleAfterMs: 30_000,
      pollMs: 60_000,
      tryEveryMs: 30,
      sliceMs: 20,
    },
  });
  await eventually(database.lanesAreIdle);
  const firstOfB = ids().indexOf('b-1');
  const lastOfA = ids().indexOf('a-40');
  expect(firstOfB).toBeLessThan(lastOfA);
  for (const lane of ['a', 'b']) {
    expect(ids().filter((id) => id.startsWith(lane))).toEqual(itemsOf(lane, 40).map((item) => item.sourceId));
  }
});

test('a dead letter is logged with what it was and why', async () => {
  await database.enqueue(...itemsOf('a', 1));
  const log = createKeptLog();
  const { handle } = script({ 'a-1': [new Error('x'), retry] });
  await replicas.start(handle, {
    retryPolicy: exponentialRetry({ firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 2, maxAgeMs: 1e6 }, () => 1),
    log,
  });
  await eventually(database.lanesAreIdle);
  const [line] = log.lines.filter(({ message }) => message === 'An item became a dead letter');
  expect(line).toMatchObject({
    level: 'error',
    fields: { source: 'test', sourceId: 'a-1', code: 'NOT_NOW' },
  });
});
