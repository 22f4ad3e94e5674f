// What runs on one replica at a time, and what is told to all of them.
import { once } from 'node:events';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { notify } from '../../src/inbox/notify.ts';
import { openLink } from '../faults/flaky-link.ts';
import { useDatabase } from './support/database.ts';
import { done } from './support/handlers.ts';
import { createKeptLog, useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';

const database = useDatabase();
const replicas = useReplicas(database);

describe('listening', () => {
  test('hears what is said when it is committed, on its channel only, also with odd names', async () => {
    const replica = await replicas.start(() => Promise.resolve(done));
    const heard: string[] = [];
    await replica.listen('The "channel"', (payload) => heard.push(payload));
    await replica.listen('other', () => heard.push('other'));
    const client = await database.connect();
    await client.query('begin');
    await notify(client, 'The "channel"', 'one');
    await notify(client, 'The "channel"', 'two');
    await notify(client, 'the "channel"', 'not this');
    await client.query('rollback');
    await notify(client, 'The "channel"', 'three');
    await notify(client, 'The "channel"');
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['three', '']);
  });

  test('a listener that throws harms nobody', async () => {
    const log = createKeptLog();
    const replica = await replicas.start(() => Promise.resolve(done), { log });
    const heard: string[] = [];
    await replica.listen('channel', () => {
      throw new Error('no');
    });
    await replica.listen('channel', (payload) => heard.push(payload));
    await notify(database.pool, 'channel', 'one');
    await eventually(() => heard.length === 1);
    expect(log.lines.map((line) => line.message)).toContain('A listener threw');
  });

  test('after the session was lost, calls once with an empty message and hears again', async () => {
    const replica = await replicas.start(() => Promise.resolve(done));
    const heard: string[] = [];
    await replica.listen('channel', (payload) => heard.push(payload));
    await database.cutSessions();
    await eventually(() => heard.length === 1);
    await notify(database.pool, 'channel', 'again');
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['', 'again']);
  });
});

describe('leases', () => {
  test('run on one replica at a time, and move when it stops', async () => {
    const running = new Set<number>();
    const runs: number[] = [];
    const run = (number: number) => async (signal: AbortSignal) => {
      expect(running.size).toBe(0);
      running.add(number);
      runs.push(number);
      await once(signal, 'abort');
      running.delete(number);
    };
    const started = [];
    for (const number of [0, 1, 2]) {
      const replica = await replicas.start(() => Promise.resolve(done));
      replica.runJob('poll the server', run(number));
      started.push(replica);
    }
    await eventually(() => runs.length === 1);
    await started[runs[0] ?? 0]?.stop({ graceMs: 10_000 });
    await eventually(() => runs.length === 2);
    expect(runs[1]).not.toBe(runs[0]);
    await started[runs[1] ?? 0]?.stop({ graceMs: 10_000 });
    await eventually(() => runs.length === 3);
    expect(new Set(runs).size).toBe(3);
  });

  test('are aborted with the session and got again with the next one; different names do not exclude each other', async () => {
    const replica = await replicas.start(() => Promise.resolve(done));
    const signals: Record<string, AbortSignal[]> = { a: [], b: [] };
    for (const name of ['a', 'b']) {
      replica.runJob(name, async (signal) => {
        signals[name]?.push(signal);
        await once(signal, 'abort');
      });
    }
    await eventually(() => signals['a']?.length === 1 && signals['b']?.length === 1);
    await database.cutSessions();
    await eventually(() => signals['a']?.length === 2 && signals['b']?.length === 2);
    expect(signals['a']?.map((signal) => signal.aborted)).toEqual([true, false]);
  });

  test.each([
    ['of a replica whose host is gone are free with its lanes, though PostgreSQL still keeps its session', 1],
    ['of a session that is not answered any more are got again with the next one', 0],
  ])('%s', async (_, others) => {
    const link = await openLink(database.url, 0);
    const timings = { heartbeatMs: 50, trustedForMs: 300, staleAfterMs: 1_000 };
    const connectSession = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: link.url });
      await client.connect();
      return client;
    };
    const runs: number[] = [];
    const run = (number: number) => async (signal: AbortSignal) => {
      runs.push(number);
      await once(signal, 'abort');
    };
    const first = await replicas.start(() => Promise.resolve(done), { connectSession, timings });
    first.runJob('test', run(0));
    await eventually(() => runs.length === 1);
    for (let other = 1; other <= others; other += 1)
      (await replicas.start(() => Promise.resolve(done), { timings })).runJob('test', run(other));
    if (others > 0) link.stall();
    else link.swallow();
    await eventually(() => runs.length === 2);
    expect(runs[1]).toBe(others);
    link.mend();
    await link.close();
  });

  test('are given back when what runs ends or throws, and tried again', async () => {
    const log = createKeptLog();
    const replica = await replicas.start(() => Promise.resolve(done), { log });
    let runs = 0;
    replica.runJob('test', () => (++runs === 1 ? Promise.reject(new Error('no')) : Promise.resolve()));
    await eventually(() => runs >= 3);
    expect(log.lines.filter((line) => line.level === 'error').map((line) => line.message)).toEqual([
      'Work under a lease failed',
    ]);
  });
});
