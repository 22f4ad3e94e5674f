// A database with the whole schema, one per test file, emptied before each test.
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { createPool } from '../../src/store/connections.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createScratchDatabase, type Database } from '../../stack/databases.ts';

/**
 * Empties every table but the list of migrations and the replicas, who keep themselves. A table that is empty is left alone: to
 * truncate it would make its files and those of its indexes anew.
 */
const EMPTY = `do $$
  declare
    each record;
    has_rows boolean;
    filled text[] := '{}';
  begin
    for each in select tablename from pg_tables
      where schemaname = 'public' and tablename not in ('migration', 'replica')
    loop
      execute format('select exists (select from %I)', each.tablename) into has_rows;
      if has_rows then filled := filled || quote_ident(each.tablename); end if;
    end loop;
    if filled <> '{}' then
      execute 'truncate ' || array_to_string(filled, ', ') || ' restart identity cascade';
    end if;
    for each in select sequencename from pg_sequences
      where schemaname = 'public' and last_value is not null and sequencename not like 'replica%'
    loop
      execute format('alter sequence %I restart', each.sequencename);
    end loop;
  end $$`;

/** Returns what gives the pool, once the tests run. */
export function useBridgeDatabase(): () => pg.Pool {
  let database: Database | undefined;
  let pool: pg.Pool | undefined;
  beforeAll(async () => {
    database = await createScratchDatabase(inject('adminUrl'));
    await migrate(database.url);
    pool = createPool(database.url, 5);
    // Dropping the database may cut off connections that are still saying goodbye.
    pool.on('error', () => undefined);
    // The database may be dropped before the last connection that the pool has given up.
    pool.on('connect', (client) => client.on('error', () => undefined));
  });
  beforeEach(async () => {
    await pool?.query(EMPTY);
  });
  afterAll(async () => {
    await pool?.end();
    await database?.drop();
  });
  return () => {
    if (pool === undefined) throw new TypeError('The database is there as soon as the tests run');
    return pool;
  };
}

/** The items of a lane in its order, by source id. */
export async function itemsIn(pool: pg.Pool, lane: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ source_id: string }>(
    'select source_id from item join lane on lane.id = item.lane_id where lane.key = $1 order by position',
    [lane],
  );
  return rows.map((row) => row.source_id);
}
