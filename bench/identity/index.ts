// Hashed look-ups of the identity server against a bare route on the same listener: in turns, median of five.
import { fork, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { isMatrixUserId, type MatrixUserId } from '../../src/domain/ids.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { createPool } from '../../src/store/connections.ts';
import { saveToken } from '../../src/store/identity-accounts.ts';
import { announcePepper, beginPepper, hashNextBatch } from '../../src/store/identity-hashes.ts';
import { saveIdentityRecords } from '../../src/store/identity-records.ts';
import { migrate } from '../../src/store/migrate.ts';
import { startGuard } from '../../stack/guard.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { createRunFolder } from '../../stack/run-folder.ts';
import { median, percentile, type BenchResult } from '../result.ts';
import { load, type LoadResult, type Shot } from './load.ts';
import { BARE_PATH } from './server.ts';

const IDENTITIES = 100_000;
const CONNECTIONS = 64;
const ROUNDS = 5;
const BATCH = 5_000;
const SHOTS = 20_000;
const PEPPER = 'pepper-of-the-benchmark';
const TIME = { warmUpMs: 2_000, measuredMs: 5_000 };
/** One in so many addresses is nobody's. */
const UNKNOWN_EVERY = 10;

/** Starts a PostgreSQL of its own and a server process, and measures from this one. */
export async function bench(say: (line: string) => void): Promise<BenchResult> {
  const guard = await startGuard();
  let server: ChildProcess | undefined;
  try {
    const folder = await createRunFolder(guard, false);
    const postgres = await startPostgres({ guard, folder: folder.path, logFolder: folder.logs });
    const { url } = await postgres.createDatabase('identity');
    say(`storing ${IDENTITIES} identities`);
    const tokens = await prepare(url);
    server = fork(fileURLToPath(new URL('./server.ts', import.meta.url)), [url]);
    const port = await portOf(server);
    const shots = { bare: bareShots(), lookups: lookupShots(tokens) };
    const results: Record<keyof typeof shots, LoadResult[]> = { bare: [], lookups: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const kind of ['bare', 'lookups'] as const) {
        const result = await load(port, shots[kind], CONNECTIONS, TIME);
        results[kind].push(result);
        const { perSecond, latencies } = result;
        say(`${kind.padEnd(8)} ${perSecond.toFixed(0)}/s, p99 ${percentile(latencies, 99).toFixed(1)} ms`);
      }
    }
    return summarise(results);
  } finally {
    server?.kill();
    await guard.end();
  }
}

/** The port it listens on, as soon as it does. */
async function portOf(server: ChildProcess): Promise<number> {
  const ended = once(server, 'exit').then(() => {
    throw new Error('The server ended before it listened');
  });
  const [{ port }] = (await Promise.race([once(server, 'message'), ended])) as [{ port: number }];
  ended.catch(() => undefined);
  return port;
}

function summarise({
  bare,
  lookups,
}: Readonly<Record<'bare' | 'lookups', readonly LoadResult[]>>): BenchResult {
  const rate = (results: readonly LoadResult[]): number => median(results.map(({ perSecond }) => perSecond));
  const tail = (results: readonly LoadResult[]): number =>
    median(results.map(({ latencies }) => percentile(latencies, 99)));
  const wrong = [...bare, ...lookups].reduce((sum, result) => sum + result.wrong, 0);
  return {
    figures: {
      lookups_per_second: { value: rate(lookups), unit: 'lookups/s' },
      bare_route_per_second: { value: rate(bare), unit: 'requests/s' },
      lookup_p99: { value: tail(lookups), unit: 'ms' },
      bare_route_p99: { value: tail(bare), unit: 'ms' },
    },
    // Of turns side by side, so that what else the machine does weighs on both.
    ratios: {
      lookups_vs_bare_route: median(
        lookups.map(({ perSecond }, turn) => perSecond / (bare[turn]?.perSecond ?? 0)),
      ),
    },
    problems: wrong === 0 ? [] : [`${wrong} answers were not as expected`],
  };
}

/** Stores the identities, the hashes and an account for each connection; returns the tokens. */
async function prepare(url: string): Promise<readonly string[]> {
  await migrate(url);
  const pool = createPool(url, 5);
  try {
    for (let from = 0; from < IDENTITIES; from += BATCH) await saveBatch(pool, from);
    await inTransaction(pool, (tx) => beginPepper(tx, PEPPER, undefined));
    while ((await inTransaction(pool, (tx) => hashNextBatch(tx, BATCH))) > 0);
    await inTransaction(pool, announcePepper);
    await pool.query('vacuum analyze');
    return await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => account(pool, index)));
  } finally {
    await pool.end();
  }
}

function saveBatch(pool: pg.Pool, from: number): Promise<void> {
  return inTransaction(pool, (tx) =>
    saveIdentityRecords(
      tx,
      'bench',
      Array.from({ length: BATCH }, (_, index) => ({
        ...{ key: `person-${from + index}`, userId: userIdOf(from + index), displayName: undefined },
        ...{
          reference: undefined,
          words: [],
          addresses: [{ medium: 'email', address: addressOf(from + index) }],
        },
      })),
      undefined,
    ),
  );
}

async function account(pool: pg.Pool, index: number): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const digest = createHash('sha256').update(token).digest();
  await saveToken(pool, { digest, userId: userIdOf(index), expiresAt: new Date(Date.now() + 3_600_000) });
  return token;
}

const addressOf = (index: number): string => `person-${index}@bench.example`;

function userIdOf(index: number): MatrixUserId {
  const userId = `@person-${index}:bench.example`;
  if (!isMatrixUserId(userId)) throw new TypeError('The benchmark makes no user ids');
  return userId;
}

/** One address each, of all identities in no order. */
function lookupShots(tokens: readonly string[]): readonly Shot[] {
  return Array.from({ length: SHOTS }, (_, index) => {
    const isKnown = index % UNKNOWN_EVERY !== 0;
    const person = (index * 7_919) % IDENTITIES;
    const address = isKnown ? addressOf(person) : `nobody-${index}@bench.example`;
    const hash = createHash('sha256').update(`${address} email ${PEPPER}`).digest('base64url');
    const body = JSON.stringify({ algorithm: 'sha256', pepper: PEPPER, addresses: [hash] });
    const mappings = isKnown ? { [hash]: userIdOf(person) } : {};
    // A user for each connection: shots are dealt out by their number.
    const token = tokens[index % CONNECTIONS] ?? '';
    return {
      bytes: post('/_matrix/identity/v2/lookup', body, token),
      expected: JSON.stringify({ mappings }),
    };
  });
}

function bareShots(): readonly Shot[] {
  const body = JSON.stringify({ algorithm: 'sha256', pepper: PEPPER, addresses: ['x'.repeat(43)] });
  return [{ bytes: post(BARE_PATH, body, 'x'.repeat(43)), expected: JSON.stringify({ mappings: {} }) }];
}

function post(path: string, body: string, token: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
