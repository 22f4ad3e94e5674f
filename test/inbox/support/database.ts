// A database with the log's tables, one per test file.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { inTransaction } from '../../../src/inbox/database.ts';
import type { NewItem } from '../../../src/inbox/item.ts';
import { readQueueStats } from '../../../src/inbox/queue-stats.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { createScratchDatabase, type Database } from '../../../stack/databases.ts';
import { enqueue } from '../../builders/payloads.ts';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** A connected client; ended after the tests, if not before. */
  connect(): Promise<pg.Client>;
  /** Enqueues in a transaction of its own. */
  enqueue(...items: NewItem[]): Promise<{ stored: number; duplicates: number }>;
  /** True when nothing is left to be done. */
  readonly lanesAreIdle: () => Promise<boolean>;
  /** The ids of the living replicas. */
  replicaIds(): Promise<number[]>;
  /** Ends the session of every replica, as a restart of PostgreSQL or a firewall does. */
  cutSessions(): Promise<void>;
}

/** Makes the database before the tests of the file, empties it before each of them, and drops it in the end. */
export function useDatabase(): TestDatabase {
  let url = '';
  let pool: pg.Pool | undefined;
  const clients = new Set<pg.Client>();
  let scratch: Database | undefined;

  beforeAll(async () => {
    scratch = await createScratchDatabase(inject('adminUrl'));
    url = scratch.url;
    pool = new pg.Pool({ connectionString: url, max: 20 });
    pool.on('error', () => undefined);
    await migrate(url);
  });
  beforeEach(async () => {
    await pool?.query('truncate lane, item, replica, dead_letter');
  });
  afterAll(async () => {
    await Promise.all([...clients].map((client) => client.end().catch(() => undefined)));
    await pool?.end();
    await scratch?.drop();
  });

  const database: TestDatabase = {
    get url() {
      return url;
    },
    get pool() {
      if (!pool) throw new TypeError('The database is there as soon as the tests run');
      return pool;
    },
    async connect() {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      clients.add(client);
      client.on('end', () => clients.delete(client));
      await client.connect();
      return client;
    },
    enqueue: (...items) => inTransaction(database.pool, (client) => enqueue(client, items)),
    async lanesAreIdle() {
      return (await readQueueStats(database.pool)).busyLanes === 0;
    },
    async replicaIds() {
      const { rows } = await database.pool.query<{ id: number }>('select id from replica order by id');
      return rows.map((row) => row.id);
    },
    async cutSessions() {
      await database.pool.query(`
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and classid = x'0f41'::int
          and database = (select oid from pg_database where datname = current_database())`);
    },
  };
  return database;
}

/** Items of one lane, named `<lane>-1`, `<lane>-2` ... */
export function itemsOf(lane: string, count: number, from = 1): NewItem[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return { lane, source: 'test', sourceId: `${lane}-${number}`, payload: { number } };
  });
}
