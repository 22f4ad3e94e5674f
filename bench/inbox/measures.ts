// The three things measured: how much goes through, how long a task waits, and how long a killed worker's keys stand still.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { sharedClockMs, type Producer, type Task } from './contender.ts';
import { judge, judgeUnfinished } from './judge.ts';
import { contenders, type Attempt, type Report, type WorkerOptions } from './worker.ts';

export interface Measured {
  readonly figures: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

/** One measurement of a contender on an empty database. */
export type Measure = (
  contender: keyof typeof contenders,
  url: string,
  /** How far this round is on the way through all rounds, between 0 and 1. */
  progress: number,
) => Promise<Measured>;

const slots = 20;

/** 10,000 tasks of 200 keys, 1 % failing once, are there already; two processes do them. Tasks per second. */
export const throughput: Measure = async (contender, url) => {
  const tasks = makeTasks(200, 50);
  const options: WorkerOptions = { contender, url, purpose: 'throughput', slots, taskMs: 0 };
  return withWorkers(options, async ({ producer, start, attempts }) => {
    await producer.sendAll(tasks);
    await producer.analyse();
    await Promise.all([start(options), start(options)]);
    await allDone(producer, attempts, tasks.length);
    const first = Math.min(...attempts.map((attempt) => attempt.startMs));
    const last = Math.max(...attempts.map((attempt) => attempt.endMs));
    const figures = { items_per_second: (tasks.length / (last - first)) * 1_000 };
    return { figures, problems: judge(attempts, 50) };
  });
};

/**
 * 200 tasks per second of 200 keys, one per transaction, 5 ms each. Milliseconds from calling send to the start of the
 * work, so including the commit; without the first 3 s.
 */
export const latency: Measure = async (contender, url) => {
  const perSecond = 200;
  const seconds = { warmUp: 3, measured: 10 };
  const tasks = makeTasks(200, seconds.warmUp + seconds.measured).map((task) => ({
    ...task,
    failsOnce: false,
  }));
  const options: WorkerOptions = { contender, url, purpose: 'latency', slots, taskMs: 5 };
  return withWorkers(options, async ({ producer, start, attempts }) => {
    await Promise.all([start(options), start(options)]);
    const begun = sharedClockMs();
    const sending = tasks.map(async (task, index) => {
      await wait((index * 1_000) / perSecond);
      await producer.send({ ...task, sentAtMs: sharedClockMs() });
    });
    await Promise.all(sending);
    await allDone(producer, attempts, tasks.length);
    const waited = attempts
      .filter((attempt) => attempt.sentAtMs - begun > seconds.warmUp * 1_000)
      .map((attempt) => attempt.startMs - attempt.sentAtMs)
      .toSorted((one, other) => one - other);
    const figures = {
      latency_p50: waited[Math.floor(waited.length * 0.5)] ?? Number.NaN,
      latency_p99: waited[Math.floor(waited.length * 0.99)] ?? Number.NaN,
    };
    return { figures, problems: judge(attempts, seconds.warmUp + seconds.measured) };
  });
};

/**
 * 30 keys, 20 ms per task, two processes; one is killed while it has tasks in hand. Seconds until the last key it held
 * goes on at the other.
 */
export const recovery: Measure = async (contender, url, progress) => {
  const keys = 30;
  const tasks = makeTasks(keys, 200).map((task) => ({ ...task, failsOnce: false }));
  const options: WorkerOptions = { contender, url, purpose: 'recovery', slots: keys, taskMs: 20 };
  return withWorkers(options, async ({ producer, start, attempts, inHand }) => {
    await producer.sendAll(tasks);
    await producer.analyse();
    const victim = await start(options);
    const survivor = await start(options);
    await wait(progress * 1_000); // what the survivor does every second: spread the rounds evenly over it
    const held = await inHand(victim);
    victim.kill('SIGKILL');
    const killedMs = sharedClockMs();
    const goesOn = (key: string): number | undefined =>
      attempts.find(
        (attempt) => attempt.key === key && attempt.process === survivor.pid && attempt.startMs > killedMs,
      )?.startMs;
    while (!held.every(goesOn)) await wait(20);
    const lastMs = Math.max(...held.map((key) => goesOn(key) ?? Infinity));
    const problems =
      held.length === 0 ? ['The killed worker had nothing in hand'] : judgeUnfinished(attempts);
    return { figures: { recovery: (lastMs - killedMs) / 1_000 }, problems };
  });
};

function makeTasks(keys: number, perKey: number): Task[] {
  return Array.from({ length: keys * perKey }, (_, index) => ({
    key: `key ${index % keys}`,
    number: Math.floor(index / keys) + 1,
    failsOnce: index % 100 === 7,
    sentAtMs: 0,
  }));
}

async function allDone(producer: Producer, attempts: readonly Attempt[], count: number): Promise<void> {
  while (attempts.filter((attempt) => attempt.ok).length < count || (await producer.countOpen()) > 0)
    await wait(100);
}

interface Stage {
  readonly producer: Producer;
  /** Filled as the workers report. */
  readonly attempts: Attempt[];
  /** Starts a worker process; resolves when it works. */
  readonly start: (options: WorkerOptions) => Promise<ChildProcess>;
  /** The keys a worker is working on, as soon as there are any. */
  readonly inHand: (worker: ChildProcess) => Promise<readonly string[]>;
}

async function withWorkers(
  { contender, url, purpose }: WorkerOptions,
  measure: (stage: Stage) => Promise<Measured>,
): Promise<Measured> {
  const attempts: Attempt[] = [];
  const workers: ChildProcess[] = [];
  await contenders[contender].prepare(url, purpose);
  const producer = await contenders[contender].produce(url, purpose);
  try {
    return await measure({
      producer,
      attempts,
      async start(options) {
        const worker = fork(new URL('worker.ts', import.meta.url), [JSON.stringify(options)]);
        workers.push(worker);
        worker.on('message', ({ ended }: Report) => attempts.push(...ended));
        await once(worker, 'message');
        return worker;
      },
      async inHand(worker) {
        for (;;) {
          const [{ busyWith }] = (await once(worker, 'message')) as [Report];
          if (busyWith.length > 0) return busyWith;
        }
      },
    });
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    await producer.close();
  }
}
