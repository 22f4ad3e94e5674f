// The bridge's own ordered log.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { createPayloadCodec } from '../../src/at-rest/payload-codec.ts';
import type { PayloadCodec } from '../../src/domain/stored-payload.ts';
import { createEnqueue } from '../../src/inbox/enqueue.ts';
import type { NewItem } from '../../src/inbox/item.ts';
import { readQueueStats } from '../../src/inbox/queue-stats.ts';
import { startReplica } from '../../src/inbox/replica.ts';
import { exponentialRetry } from '../../src/inbox/retry-policy.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { LogFields } from '../../src/telemetry/log.ts';
import { sharedClockMs, type Contender, type Task } from './contender.ts';

/** Stores what it works on as it is. */
export const ours = createOurs(createPayloadCodec([]));

/** The same, encrypted. */
export const oursEncrypted = createOurs(
  createPayloadCodec([{ id: 'bench', key: Buffer.alloc(32, 7).toString('base64') }]),
);

function createOurs(payloads: PayloadCodec): Contender {
  const enqueue = createEnqueue(payloads);
  return {
    async prepare(url) {
      await migrate(url);
    },

    async produce(url) {
      await Promise.resolve();
      const pool = new pg.Pool({ connectionString: url, max: 20 });
      pool.on('error', ignore); // the database is dropped in the end, whoever is connected
      const sendAll = async (tasks: readonly Task[]): Promise<void> => {
        const client = await pool.connect();
        await client.query('begin');
        await enqueue(client, tasks.map(toItem));
        await client.query('commit');
        client.release();
      };
      return {
        send: (task) => sendAll([task]),
        sendAll,
        async analyse() {
          await pool.query('vacuum analyze');
        },
        countOpen: async () => (await readQueueStats(pool)).waitingItems,
        close: () => pool.end(),
      };
    },

    async work(url, _, slots, work) {
      const log = { debug: ignore, info: ignore, warn: ignore, error: complain };
      await startReplica({
        payloads,
        pool: new pg.Pool({ connectionString: url, max: 10 }),
        async connectSession() {
          const client = new pg.Client({ connectionString: url });
          await client.connect();
          return client;
        },
        async handle(item, attempt) {
          const ok = await work(item.payload as Task, attempt.number);
          if (ok) return { kind: 'done' };
          return { kind: 'retry', error: { code: 'FAILS_ONCE', message: '' }, afterMs: 0 };
        },
        retryPolicy: exponentialRetry(
          { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 50, maxAgeMs: 1e9 },
          Math.random,
        ),
        slots,
        clock: { now: () => new Date(), monotonicMs: sharedClockMs },
        sleep: (ms, signal) => wait(ms, undefined, signal ? { signal } : {}).catch(ignore),
        log,
      });
    },
  };
}

function toItem(task: Task): NewItem {
  return { lane: task.key, source: 'bench', sourceId: `${task.key} ${task.number}`, payload: { ...task } };
}

function complain(fields: LogFields, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
}

function ignore(): void {
  // of no interest here
}
