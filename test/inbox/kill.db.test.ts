// The same promise with real processes: killed by SIGKILL, and frozen by SIGSTOP until the others take them for dead.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Timings } from '../../src/inbox/replica.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { eventually, sleep } from './support/time.ts';
import { spreadOf } from '../faults/suite/spread.ts';
import { noteTakeovers } from '../faults/suite/takeovers.ts';

const database = useDatabase();
const children = new Set<ChildProcess>();
const lanes = Array.from({ length: 15 }, (_, index) => `lane ${index}`);

beforeEach(async () => {
  await database.pool.query(`
    create table if not exists effect (seq serial, id text primary key, lane text, position int);
    create table if not exists recorded (id text primary key);
    create table if not exists attempt (seq serial, lane text, position int, id text, process int,
      in_doubt boolean, known boolean, at timestamptz default clock_timestamp());
    truncate effect, recorded, attempt`);
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function startWorker(
  timings: Partial<Timings> = {},
  name = 'worker',
  itemMs = 2,
): Promise<ChildProcess> {
  const url = `${database.url}?application_name=${name}`;
  const worker = [url, JSON.stringify(timings), String(itemMs)];
  const child = fork(new URL('support/worker.ts', import.meta.url), worker);
  children.add(child);
  child.once('exit', () => children.delete(child));
  await once(child, 'message');
  return child;
}

async function count(table: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(`select count(*)::int from ${table}`);
  return rows[0]?.count ?? 0;
}

async function positions(table: 'effect' | 'attempt', lane: string): Promise<number[]> {
  const statement = `select position from ${table} where lane = $1 order by seq`;
  const { rows } = await database.pool.query<{ position: number }>(statement, [lane]);
  return rows.map((row) => row.position);
}

/** `frozen`: a process that cannot be warned, because it was already in the handler when others took over. */
async function expectExactlyOnceInOrder(total: number, frozen = 0): Promise<void> {
  const perLane = total / lanes.length;
  expect(await count('recorded')).toBe(total);
  for (const lane of lanes) {
    expect(await positions('effect', lane)).toEqual(Array.from({ length: perLane }, (_, index) => index + 1));
  }
  expect(await count(`attempt where known and not in_doubt and process <> ${frozen}`)).toBe(0);
  expect(await count('dead_letter')).toBe(0);
}

test('workers killed again and again: everything once, in order', async () => {
  const workers = await Promise.all([startWorker(), startWorker(), startWorker()]);
  const produce = async (): Promise<void> => {
    for (let from = 1; from <= 100; from += 5) {
      await database.enqueue(...lanes.flatMap((lane) => itemsOf(lane, 5, from)));
      await eventually(async () => (await count('effect')) > (from - 20) * lanes.length);
    }
  };
  const kill = async (): Promise<void> => {
    for (let round = 1; round <= 7; round++) {
      const target = round * 170;
      await eventually(async () => (await count('effect')) >= target);
      const victim = workers[round % workers.length];
      victim?.kill('SIGKILL');
      workers[round % workers.length] = await startWorker();
    }
  };
  await Promise.all([produce(), kill()]);
  await eventually(database.lanesAreIdle);
  await expectExactlyOnceInOrder(1_500);
  for (const lane of lanes) {
    const attempts = await positions('attempt', lane);
    expect(attempts).toEqual([...attempts].sort((one, other) => one - other));
  }
});

test('a worker frozen until it was taken for dead overtakes nothing when it wakes up, and has no effect twice', async () => {
  const timings = { heartbeatMs: 100, trustedForMs: 1_000, staleAfterMs: 1_500 };
  const [frozen] = await Promise.all([startWorker(timings), startWorker(timings)]);
  await database.enqueue(...lanes.flatMap((lane) => itemsOf(lane, 60)));
  await eventually(async () => (await count(`attempt where process = ${frozen.pid}`)) > 50);
  frozen.kill('SIGSTOP');
  await eventually(database.lanesAreIdle);
  const before = await count('attempt');
  frozen.kill('SIGCONT');
  await eventually(async () => (await database.replicaIds()).length === 2);
  await database.enqueue(...lanes.flatMap((lane) => itemsOf(lane, 40, 61)));
  await eventually(database.lanesAreIdle);
  await expectExactlyOnceInOrder(1_500, frozen.pid);
  const again = await count(`attempt where process = ${frozen.pid} and seq > ${before}`);
  expect(again).toBeGreaterThan(0);
});

test('the lanes of a killed worker go on within a few heartbeats', async () => {
  const worker = await startWorker();
  await database.enqueue(...lanes.flatMap((lane) => itemsOf(lane, 100)));
  await eventually(async () => (await count('attempt')) > 30);
  await startWorker();
  worker.kill('SIGKILL');
  const killed = performance.now();
  await once(worker, 'exit');
  const before = await count('attempt');
  await eventually(
    async () => (await count('attempt where in_doubt')) > 0 && (await count('attempt')) > before,
  );
  expect(performance.now() - killed).toBeLessThan(6_000); // about 1 s on a machine that has nothing else to do
  await eventually(database.lanesAreIdle);
  await expectExactlyOnceInOrder(1_500);
});

test('one of three workers is killed each second: what it worked on goes on in under 2 s', async () => {
  const takeovers = await noteTakeovers(database.url);
  const start = (name: string) => startWorker({}, name, 100);
  const names = ['worker-0', 'worker-1', 'worker-2'];
  const workers = await Promise.all(names.map(start));
  await database.enqueue(...lanes.flatMap((lane) => itemsOf(lane, 50)));
  for (let second = 0; second < 5; second += 1) {
    const victim = second % names.length;
    await takeovers.killing(names[victim] ?? '');
    workers[victim]?.kill('SIGKILL');
    workers[victim] = await start(names[victim] ?? '');
    await sleep(1_000);
  }
  await eventually(database.lanesAreIdle, 60_000);
  const { count: held, p50 } = spreadOf(await takeovers.standstillsMs());
  expect(held).toBeGreaterThan(5);
  expect(p50).toBeLessThan(2_000); // each, on a machine that has nothing else to do
  await expectExactlyOnceInOrder(750);
});
