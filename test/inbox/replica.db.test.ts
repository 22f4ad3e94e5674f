// The life of a replica: starting, losing its session and finding a new one, stopping.
import { describe, expect, test, vi } from 'vitest';
import { leaseLanes } from '../../src/inbox/lease-lanes.ts';
import type { Attempt, Outcome } from '../../src/inbox/item.ts';
import { registerReplica } from '../../src/inbox/replica-rows.ts';
import { startReplica } from '../../src/inbox/replica.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { slowHandler } from './support/handlers.ts';
import { createKeptLog, quickTimings, useReplicas } from './support/replica.ts';
import { clock, eventually, sleep } from './support/time.ts';
import { plainPayloads } from '../builders/payloads.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const done: Outcome = { kind: 'done' };

describe('sharing work', () => {
  test('several replicas handle everything once, each lane in order', async () => {
    const handled: string[] = [];
    for (let count = 0; count < 3; count++) {
      await replicas.start(async (item) => {
        await sleep(1);
        handled.push(item.sourceId);
        return done;
      });
    }
    const lanes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'];
    for (let from = 1; from <= 50; from += 10) {
      await database.enqueue(...lanes.flatMap((lane) => itemsOf(lane, 10, from)));
    }
    await eventually(database.lanesAreIdle);
    expect(handled).toHaveLength(lanes.length * 50);
    for (const lane of lanes) {
      expect(handled.filter((id) => id.startsWith(`${lane}-`))).toEqual(
        itemsOf(lane, 50).map((item) => item.sourceId),
      );
    }
  });

  test('an item is handled at once, without waiting for a poll', async () => {
    const handled = Promise.withResolvers<number>();
    await replicas.start(() => {
      handled.resolve(performance.now());
      return Promise.resolve(done);
    });
    const stored = performance.now();
    await database.enqueue(...itemsOf('a', 1));
    expect((await handled.promise) - stored).toBeLessThan(5_000); // the poll is a minute away
  });

  test('a replica knows the time of the database before it handles anything', async () => {
    const told: string[] = [];
    const handled = Promise.withResolvers<undefined>();
    await database.enqueue(...itemsOf('a', 1));
    const before = new Date();
    await replicas.start(
      () => {
        told.push('handled');
        handled.resolve(undefined);
        return Promise.resolve(done);
      },
      {
        onTime: ({ now, askedAtMs, answeredAtMs }) => {
          expect(answeredAtMs).toBeGreaterThanOrEqual(askedAtMs);
          // PostgreSQL runs on this machine.
          told.push(now >= before && now <= new Date() ? 'right' : `wrong: ${now.toISOString()}`);
        },
      },
    );
    await handled.promise;
    expect([told[0], told.includes('handled')]).toEqual(['right', true]);
  });

  test('a lost wake-up costs a poll and no more', async () => {
    const handled = Promise.withResolvers<undefined>();
    await replicas.start(
      () => {
        handled.resolve(undefined);
        return Promise.resolve(done);
      },
      { timings: { pollMs: 50 } },
    );
    await eventually(async () => (await database.replicaIds()).length === 1);
    await database.pool.query(`
      with stored as (insert into lane (key, tail, ready_at) values ('a', 1, now()) returning id)
      insert into item (lane_id, position, source, source_id, payload) select id, 1, 'test', '1', '{}' from stored`);
    await handled.promise;
  });

  test('the lanes of a replica that vanished are taken over after the next heartbeat of another', async () => {
    await database.enqueue(...itemsOf('a', 1));
    const vanished = await database.connect();
    await leaseLanes(vanished, await registerReplica(vanished), 1);
    const attempts: Attempt[] = [];
    const log = createKeptLog();
    await replicas.start(
      (_, attempt) => {
        attempts.push(attempt);
        return Promise.resolve(done);
      },
      { log },
    );
    await vanished.end();
    await eventually(database.lanesAreIdle);
    expect(attempts).toMatchObject([{ number: 2, inDoubt: true }]);
    const leases = log.lines.filter(({ message }) => message === 'Leased lanes');
    expect(leases).toContainEqual(expect.objectContaining({ fields: { lanes: 1, takenOver: 1 } }));
  });

  test('a lane whose items someone deleted by hand is reported, and works again with the next item', async () => {
    const log = createKeptLog();
    const handled: string[] = [];
    await database.enqueue(...itemsOf('a', 1));
    await database.pool.query('delete from item');
    await replicas.start(
      (item) => {
        handled.push(item.sourceId);
        return Promise.resolve(done);
      },
      { log, timings: { sliceMs: 20 } },
    );
    await eventually(() => log.lines.some((line) => line.message === 'Could not go on with a lane'));
    await database.enqueue(...itemsOf('a', 1, 2));
    await eventually(database.lanesAreIdle);
    expect(handled).toEqual(['a-2']);
  });
});

describe('losing the session', () => {
  test('aborts what is under way even while the handler does not heed it, and works on under a new id', async () => {
    await database.enqueue(...itemsOf('a', 1), ...itemsOf('b', 1));
    const stubborn = slowHandler(false);
    const handled: string[] = [];
    const log = createKeptLog();
    const replica = await replicas.start(
      (item, attempt) => {
        handled.push(`${item.sourceId} ${attempt.inDoubt}`);
        return handled.length === 1 ? stubborn.handle(item, attempt) : Promise.resolve(done);
      },
      { slots: 1, log },
    );
    const { signal } = await stubborn.entered;
    const [before] = await database.replicaIds();
    await database.cutSessions();
    await eventually(() => signal.aborted);
    await eventually(database.lanesAreIdle);
    expect(handled[0]).toBe('a-1 false');
    expect([...handled].sort()).toEqual(['a-1 false', 'a-1 true', 'b-1 false']);
    expect(await database.replicaIds()).toHaveLength(1);
    expect(await database.replicaIds()).not.toContain(before);
    expect(log.lines.filter(({ message }) => message.startsWith('Lost the session'))).toHaveLength(1);
    expect(replica.state).toBe('running');
    stubborn.go();
  });

  test('a replica the others took for dead finds out, and starts anew', async () => {
    const log = createKeptLog();
    await replicas.start(() => Promise.resolve(done), { log });
    const [before] = await database.replicaIds();
    await database.pool.query('delete from replica');
    await eventually(async () => (await database.replicaIds()).length === 1);
    expect(await database.replicaIds()).not.toContain(before);
    expect(log.lines.map((line) => line.fields['reason'])).toContain(
      'the other replicas took this one for dead',
    );
  });

  test('a heartbeat that is not answered ends the session', async () => {
    const log = createKeptLog();
    const replica = await replicas.start(() => Promise.resolve(done), {
      log,
      timings: { trustedForMs: 300 },
    });
    const blocker = await database.connect();
    await blocker.query('begin');
    await blocker.query('select from replica for update');
    await eventually(() =>
      log.lines.some((line) => line.fields['reason'] === 'a heartbeat was not answered'),
    );
    await blocker.query('rollback');
    await eventually(() => replica.state === 'running');
  });

  test('keeps trying until there is a connection again', async () => {
    let refuse = false;
    const refused = vi.fn();
    const replica = await replicas.start(() => Promise.resolve(done), {
      connectSession: () => {
        if (!refuse) return database.connect();
        refused();
        return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      },
    });
    refuse = true;
    await database.cutSessions();
    await eventually(() => refused.mock.calls.length >= 3);
    expect(replica.state).toBe('reconnecting');
    refuse = false;
    await eventually(() => replica.state === 'running');
    await database.enqueue(...itemsOf('a', 1));
    await eventually(database.lanesAreIdle);
  });
});

test('a replica that cannot connect does not start', async () => {
  const start = startReplica({
    pool: database.pool,
    connectSession: () => Promise.reject(new Error('refused')),
    handle: () => Promise.resolve(done),
    payloads: plainPayloads,
    retryPolicy: () => 0,
    slots: 1,
    clock,
    sleep,
    log: createKeptLog(),
    timings: quickTimings,
  });
  await expect(start).rejects.toThrow('refused');
});
