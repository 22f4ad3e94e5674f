// pg-boss with its `key_strict_fifo` queues, driven for each purpose in the way that suits it best.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { PgBoss, type JobWithMetadata } from 'pg-boss';
import type { Contender, Purpose, Task, Work } from './contender.ts';

const queue = 'bench';

/** Of those tried (batches of 10, 20, 30, 50 and 100; one to four loops), what gave the most tasks per second. */
const batch = { size: 20, loops: 2 };

export const pgBoss: Contender = {
  async prepare(url, purpose) {
    const boss = await start(url, purpose);
    const retrying = { retryLimit: 50, retryDelay: 0 };
    // 10 s is the shortest heartbeat it takes. Only recovery needs one.
    await boss.createQueue(queue, {
      policy: 'key_strict_fifo',
      ...retrying,
      heartbeatSeconds: 10,
      notify: true,
    });
    await boss.stop({ graceful: false });
  },

  async produce(url, purpose) {
    const boss = await start(url, purpose);
    const pool = new pg.Pool({ connectionString: url, max: 20 });
    pool.on('error', ignore); // the database is dropped in the end, whoever is connected
    const send = async (task: Task): Promise<void> => {
      await boss.send(queue, task, { singletonKey: task.key, id: timeOrderedId() });
    };
    return {
      send,
      async sendAll(tasks) {
        const keys = Map.groupBy(tasks, (task) => task.key);
        // One after the other within a key: those stored together come back in random order.
        const sendInOrder = async (ofKey: Task[]): Promise<void> => {
          for (const task of ofKey) await send(task);
        };
        await Promise.all([...keys.values()].map(sendInOrder));
      },
      async analyse() {
        await pool.query('vacuum analyze');
      },
      async countOpen() {
        const statement =
          "select count(*)::int as open from pgboss.job where name = $1 and state < 'completed'";
        const { rows } = await pool.query<{ open: number }>(statement, [queue]);
        return rows[0]?.open ?? 0;
      },
      async close() {
        await pool.end();
        await boss.stop({ graceful: false });
      },
    };
  },

  async work(url, purpose, slots, work) {
    const boss = await start(url, purpose);
    if (purpose === 'latency') void workByHand(boss, slots, work);
    else await workInBatches(boss, purpose, slots, work);
  },
};

async function start(url: string, purpose: Purpose): Promise<PgBoss> {
  // Its default is a minute, which would only make recovery slower; and its supervision takes time off throughput.
  const supervision =
    purpose === 'recovery' ? { monitorIntervalSeconds: 1, superviseIntervalSeconds: 1 } : {};
  const boss = new PgBoss({ connectionString: url, max: 10, ...supervision, schedule: false });
  boss.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await boss.start();
  return boss;
}

/** The worker it comes with: fetches a batch and, when that was full, the next one at once. */
async function workInBatches(boss: PgBoss, purpose: Purpose, slots: number, work: Work): Promise<void> {
  const batchSize = purpose === 'recovery' ? slots : batch.size;
  await boss.work(
    queue,
    {
      batchSize,
      localConcurrency: purpose === 'recovery' ? 1 : batch.loops,
      perJobResults: true,
      includeMetadata: true,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
    },
    (jobs: JobWithMetadata<Task>[]) =>
      Promise.all(
        jobs.map(async (job) => {
          const ok = await work(job.data, job.retryCount + 1);
          return { id: job.id, status: ok ? ('completed' as const) : ('failed' as const) };
        }),
      ),
  );
}

/** Its worker waits for a poll before the next task of a key, so for latency: look whenever a task is done, or after 5 ms. */
async function workByHand(boss: PgBoss, slots: number, work: Work): Promise<void> {
  let busy = 0;
  let finished = Promise.withResolvers<undefined>();
  for (;;) {
    const jobs =
      busy < slots ? await boss.fetch<Task>(queue, { batchSize: slots - busy, includeMetadata: true }) : [];
    for (const job of jobs) {
      busy += 1;
      void work(job.data, job.retryCount + 1)
        .then((ok) => (ok ? boss.complete(queue, job.id) : boss.fail(queue, job.id)))
        .finally(() => {
          busy -= 1;
          finished.resolve(undefined);
          finished = Promise.withResolvers();
        });
    }
    if (jobs.length === 0) await Promise.race([finished.promise, wait(5)]);
  }
}

/** A version 7 UUID: pg-boss orders tasks of the same microsecond by id. */
function timeOrderedId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = randomBytes(10).toString('hex');
  const hex = `${time}7${random.slice(0, 3)}8${random.slice(3, 18)}`;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function ignore(): void {
  // of no interest here
}
