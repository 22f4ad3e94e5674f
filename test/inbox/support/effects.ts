// A table that handlers record their effects in, where the same effect twice is an error.
import { beforeEach } from 'vitest';
import type { RecordEffect } from '../../../src/inbox/item.ts';
import type { TestDatabase } from './database.ts';

export interface Effects {
  /** A `record` that writes this effect. */
  record(id: string): RecordEffect;
  /** What has been recorded and committed. */
  read(): Promise<string[]>;
}

/** Makes the table, empty for each test. */
export function useEffects(database: TestDatabase): Effects {
  beforeEach(async () => {
    await database.pool.query('create table if not exists effect (id text primary key)');
    await database.pool.query('truncate effect');
  });
  return {
    record: (id) => async (transaction) => {
      await transaction.query('insert into effect (id) values ($1)', [id]);
    },
    async read() {
      const { rows } = await database.pool.query<{ id: string }>('select id from effect order by id');
      return rows.map((row) => row.id);
    },
  };
}
