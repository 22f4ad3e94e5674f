// A worker process: does tasks for one of the contenders and reports every attempt to its parent.
import { setTimeout as wait } from 'node:timers/promises';
import { sharedClockMs, type Contender, type Purpose, type Task } from './contender.ts';
import { ours } from './ours.ts';
import { pgBoss } from './pg-boss.ts';

export const contenders = { ours, pgBoss } satisfies Record<string, Contender>;

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

if (process.send) {
  const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
  let reports: Attempt[] = [];
  const flush = (): void => {
    if (reports.length > 0) process.send?.(reports);
    reports = [];
  };
  setInterval(flush, options.purpose === 'recovery' ? 5 : 100);
  await contenders[options.contender].work(
    options.url,
    options.purpose,
    options.slots,
    async (task: Task, attempt) => {
      const startMs = sharedClockMs();
      if (options.taskMs > 0) await wait(options.taskMs);
      const ok = !(task.failsOnce && attempt === 1);
      const { key, number, sentAtMs } = task;
      reports.push({ key, number, sentAtMs, startMs, endMs: sharedClockMs(), ok, process: process.pid });
      return ok;
    },
  );
  process.send([]);
}
