// A replica in a process of its own, to be killed or frozen by a test. Its handler has its effect in a table, outside of
// the acknowledgement's transaction, under an id that makes it happen once: as a message sent to a server does.
import pg from 'pg';
import { startReplica, type Timings } from '../../../src/inbox/replica.ts';
import { exponentialRetry } from '../../../src/inbox/retry-policy.ts';
import { clock, sleep } from './time.ts';
import { createPayloadCodec } from '../../../src/at-rest/payload-codec.ts';

const [, , url = '', timings = '{}', itemMs = '2'] = process.argv;
const pool = new pg.Pool({ connectionString: url, max: 8 });
const log = { debug: noop, info: noop, warn: noop, error: noop };

await startReplica({
  pool,
  payloads: createPayloadCodec([]),
  async connectSession() {
    const client = new pg.Client({ connectionString: url });
    client.on('error', noop);
    await client.connect();
    return client;
  },
  async handle({ lane, position, sourceId }, { number, inDoubt }) {
    await pool.query(
      `insert into attempt (lane, position, id, process, in_doubt, known)
       values ($1, $2, $3, $4, $5, exists (select from effect where id = $3))`,
      [lane, position, sourceId, process.pid, inDoubt],
    );
    await sleep(Number(itemMs));
    if (position % 17 === 0 && number === 1) return { kind: 'retry', error: { code: 'FIRST', message: '' } };
    await pool.query('insert into effect (id, lane, position) values ($1, $2, $3) on conflict do nothing', [
      sourceId,
      lane,
      position,
    ]);
    return {
      kind: 'done',
      record: async (transaction) => {
        await transaction.query('insert into recorded (id) values ($1)', [sourceId]);
      },
    };
  },
  retryPolicy: exponentialRetry(
    { firstDelayMs: 20, maxDelayMs: 50, maxAttempts: 100, maxAgeMs: 1e9 },
    Math.random,
  ),
  slots: 10,
  clock,
  sleep,
  log,
  timings: JSON.parse(timings) as Partial<Timings>,
});
process.send?.('ready');

function noop(): void {
  // nothing to be told
}
