// A worker process: does tasks for one of the contenders and reports every attempt to its parent.
import { setTimeout as wait } from 'node:timers/promises';
import { sharedClockMs, type Contender, type Purpose, type Task } from './contender.ts';
import { ours, oursEncrypted } from './ours.ts';
import { pgBoss } from './pg-boss.ts';

export const contenders = { ours, oursEncrypted, pgBoss } satisfies Record<string, Contender>;

export interface WorkerOptions {
  readonly contender: keyof typeof contenders;
  readonly url: string;
  readonly purpose: Purpose;
  readonly slots: number;
  /** How long a task takes. */
  readonly taskMs: number;
}

/** One attempt at a task. */
export interface Attempt {
  readonly key: string;
  readonly number: number;
  readonly sentAtMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  readonly process: number;
}

/** What a worker tells its parent. */
export interface Report {
  readonly ended: readonly Attempt[];
  /** The keys it is working on. */
  readonly busyWith: readonly string[];
}

if (process.send) await work(JSON.parse(process.argv[2] ?? '{}') as WorkerOptions);

async function work({ contender, url, purpose, slots, taskMs }: WorkerOptions): Promise<void> {
  let ended: Attempt[] = [];
  const busyWith = new Set<string>();
  const report = (): void => {
    process.send?.({ ended, busyWith: [...busyWith] } satisfies Report);
    ended = [];
  };
  await contenders[contender].work(url, purpose, slots, async (task: Task, attempt) => {
    const { key, number, sentAtMs } = task;
    const startMs = sharedClockMs();
    busyWith.add(key);
    if (taskMs > 0) await wait(taskMs);
    const ok = !(task.failsOnce && attempt === 1);
    ended.push({ key, number, sentAtMs, startMs, endMs: sharedClockMs(), ok, process: process.pid });
    busyWith.delete(key);
    return ok;
  });
  report();
  setInterval(report, purpose === 'recovery' ? 5 : 100);
}
