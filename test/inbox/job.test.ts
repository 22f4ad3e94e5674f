// A job is done when it is woken and every so often all the same, on one replica at a time, and is counted.
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/inbox/job.ts';
import { repeatJob, startJobs } from '../../src/inbox/job.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createKeptLog } from './support/replica.ts';

const INTERVAL_MS = 60_000;
const GAP_MS = 100;

/** Time that stands still until the test ends one of the sleeps that are under way. */
function stillTime() {
  const sleeps: { ms: number; end: () => void }[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const entry = {
        ms,
        end: () => {
          sleeps.splice(sleeps.indexOf(entry), 1);
          resolve();
        },
      };
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      sleeps.push(entry);
      signal?.addEventListener('abort', entry.end, { once: true });
    });
  return {
    sleep,
    under: () => sleeps.map(({ ms }) => ms),
    end: (ms: number) => {
      sleeps.find((entry) => entry.ms === ms)?.end();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function repeated(pass: Job['pass'], wakeUps?: Job['wakeUps'], over: Partial<Job> = {}) {
  const time = stillTime();
  const [log, metrics] = [createKeptLog(), createMetrics()];
  const job: Job = {
    ...{ name: 'a-job', intervalMs: INTERVAL_MS, gapMs: GAP_MS, pass },
    ...(wakeUps && { wakeUps }),
    ...over,
  };
  const noted: string[] = [];
  const notePass = (name: string, result: string): Promise<void> => {
    noted.push(`${name} ${result}`);
    return Promise.reject(new Error('the database is away'));
  };
  const { wake, run } = repeatJob(job, { sleep: time.sleep, log, metrics, notePass });
  const ending = new AbortController();
  const running = run(ending.signal);
  return {
    ...{ time, log, wake, noted },
    end: async (): Promise<void> => {
      ending.abort();
      await running;
    },
    counted: async () => {
      const passes = (await metrics.readerPasses.get()).values;
      const [items] = (await metrics.readerItems.get()).values;
      return {
        passes: passes.map(({ labels, value }) => [labels.reader, labels.result, value]),
        found: items?.value,
      };
    },
  };
}

describe('a job', () => {
  test('is done at once, and again after the interval; what it finds is counted', async () => {
    const { time, end, counted } = repeated(() => Promise.resolve(3));
    await settled();
    expect(time.under()).toEqual([GAP_MS, INTERVAL_MS]);
    time.end(INTERVAL_MS);
    time.end(GAP_MS);
    await settled();
    expect(await counted()).toEqual({ passes: [['a-job', 'ok', 2]], found: 6 });
    await end();
  });

  test('is done again when woken, but not sooner than the gap allows', async () => {
    let passes = 0;
    const { time, wake, end } = repeated(() => Promise.resolve(++passes));
    await settled();
    wake();
    wake();
    await settled();
    expect([passes, time.under()]).toEqual([1, [GAP_MS]]);
    time.end(GAP_MS);
    await settled();
    expect(passes).toBe(2);
    await end();
  });

  test('is done less and less often while it finds nothing, and as often as at first once it found something', async () => {
    const finds = [0, 0, 0, 0, 5, 0, 0];
    let passes = 0;
    const { time, end } = repeated(() => Promise.resolve(finds[passes++] ?? 0), undefined, {
      ...{ gapMs: 0, mostIntervalMs: 3 * INTERVAL_MS },
    });
    const intervals: number[] = [];
    while (intervals.length < finds.length) {
      await settled();
      const interval = Math.max(...time.under());
      intervals.push(interval);
      for (const ms of time.under()) time.end(ms);
    }
    expect(intervals).toEqual([1, 2, 3, 3, 1, 1, 2].map((times) => times * INTERVAL_MS));
    await end();
  });

  test('is done as often as at first once it was woken, though it found nothing', async () => {
    const { time, wake, end } = repeated(() => Promise.resolve(0), undefined, {
      ...{ gapMs: 0, mostIntervalMs: 4 * INTERVAL_MS },
    });
    const next = async (): Promise<number> => {
      await settled();
      return Math.max(...time.under());
    };
    for (const times of [1, 2, 4]) {
      expect(await next()).toBe(times * INTERVAL_MS);
      for (const ms of time.under()) time.end(ms);
    }
    await settled();
    wake();
    await settled();
    time.end(0);
    expect(await next()).toBe(INTERVAL_MS);
    await end();
  });

  test('waits longer and longer for the next wake-ups while it finds nothing, and as little as it can once it found something', async () => {
    const finds = [0, 0, 0, 0, 0, 2, 0, 0];
    let passes = 0;
    const { time, wake, end } = repeated(() => Promise.resolve(finds[passes++] ?? 0), undefined, {
      mostGapMs: 5 * GAP_MS,
    });
    const gaps: number[] = [];
    while (gaps.length < finds.length) {
      await settled();
      wake();
      await settled();
      const before = passes;
      let gap = 0;
      while (passes === before) {
        gap = Math.min(...time.under());
        time.end(gap);
        await settled();
      }
      gaps.push(gap);
    }
    expect(gaps).toEqual([1, 2, 4, 5, 5, 1, 1, 2].map((times) => times * GAP_MS));
    await end();
  });

  test('is done again when woken during a pass, which may have looked already, or by the pass itself', async () => {
    const looks: (() => void)[] = [];
    let times = 0;
    const { time, wake, end } = repeated(
      (_, again) =>
        new Promise((resolve) => {
          if ((times += 1) === 2) again();
          looks.push(() => {
            resolve(0);
          });
        }),
    );
    wake();
    looks.shift()?.();
    time.end(GAP_MS);
    await settled();
    expect(times).toBe(2);
    looks.shift()?.();
    time.end(GAP_MS);
    await settled();
    expect(times).toBe(3);
    looks.shift()?.();
    await end();
  });

  test('that failed is logged without its message, counted, and not done again before the interval', async () => {
    let passes = 0;
    const { time, log, wake, noted, end, counted } = repeated(() => {
      passes += 1;
      return Promise.reject(new TypeError('Mrs Jansen'));
    });
    await settled();
    wake();
    time.end(GAP_MS);
    await settled();
    expect([passes, time.under()]).toEqual([1, [INTERVAL_MS]]);
    expect(await counted()).toEqual({ passes: [['a-job', 'failed', 1]], found: undefined });
    expect(log.lines).toMatchObject([
      { level: 'warn', fields: { job: 'a-job', error: { name: 'TypeError' } } },
      { level: 'debug' },
    ]);
    expect(noted).toEqual(['a-job failed']);
    expect(JSON.stringify(log.lines)).not.toContain('Jansen');
    await end();
  });

  test('that is woken tries again soon when it failed, then less and less often, and soon again the next time', async () => {
    let isAway = true;
    const { time, wake, end } = repeated(
      () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(1)),
      { channel: 'news' },
    );
    const waits: number[] = [];
    const waitOnce = async (): Promise<void> => {
      await settled();
      wake();
      time.end(GAP_MS);
      const [ms = 0] = time.under();
      waits.push(ms);
      time.end(ms);
      await settled();
    };
    for (let tries = 0; tries < 7; tries += 1) await waitOnce();
    isAway = false;
    await waitOnce();
    isAway = true;
    wake();
    time.end(GAP_MS);
    await waitOnce();
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, INTERVAL_MS, INTERVAL_MS, 1_000]);
    await end();
  });

  test('that was ended has not failed', async () => {
    const { log, end, counted } = repeated(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('ended'));
          });
        }),
    );
    await end();
    expect([(await counted()).passes, log.lines]).toEqual([[], []]);
  });
});

test('jobs are woken by the notifications for them, and done under a lease once they are ready', async () => {
  const time = stillTime();
  const done: string[] = [];
  const job = (name: string, wakeUps?: Job['wakeUps']): Job => ({
    ...{ name, intervalMs: INTERVAL_MS, ...(wakeUps && { wakeUps }) },
    pass: () => Promise.resolve(done.push(name)),
  });
  const listeners = new Map<string, ((payload: string) => void)[]>();
  const leases = new Map<string, (signal: AbortSignal) => Promise<void>>();
  const ready: string[] = [];
  await startJobs(
    {
      listen: (channel, listener) => {
        listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
        return Promise.resolve();
      },
      runJob: (name, run) => void leases.set(name, run),
    },
    [
      job('one', { channel: 'types', isFor: (payload) => payload === 'One' }),
      job('two', { channel: 'types', isFor: (payload) => payload === 'Two' }),
      job('alone'),
    ],
    {
      ...{ sleep: time.sleep, log: createKeptLog(), metrics: createMetrics() },
      notePass: () => Promise.resolve(),
      ready: ({ name }) => Promise.resolve(void ready.push(name)),
    },
  );
  const ending = new AbortController();
  const running = [...leases].map(([, run]) => run(ending.signal));
  await settled();
  expect([ready, done.splice(0)]).toEqual([
    ['one', 'two', 'alone'],
    ['one', 'two', 'alone'],
  ]);
  const notify = async (payload: string): Promise<readonly string[]> => {
    for (const listener of listeners.get('types') ?? []) listener(payload);
    await settled();
    while (time.under().includes(0)) time.end(0);
    await settled();
    return done.splice(0);
  };
  expect(await notify('Two')).toEqual(['two']);
  expect(await notify('Three')).toEqual([]);
  expect(await notify('')).toEqual(['one', 'two']);
  ending.abort();
  await Promise.all(running);
});
