// How PostgreSQL would run what a function asks.
import type { Pool } from 'pg';
import type { Queryable } from '../../src/store/database.ts';

/** How PostgreSQL would run the statement of some work, with too little memory for long lists. */
export async function planOf(pool: Pool, work: (db: Queryable) => Promise<unknown>): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query(`set work_mem = '64kB'`);
    const plans: string[] = [];
    const query = async (sql: string, values: unknown[]): Promise<unknown> => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values);
      plans.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [], rowCount: 0 };
    };
    await work({ query: query as Queryable['query'] });
    return plans.join('\n');
  } finally {
    await client.query('reset work_mem');
    client.release();
  }
}
