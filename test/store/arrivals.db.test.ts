// The arrivals that the reader takes: how PostgreSQL finds them must not depend on how many rooms there are.
import { expect, test } from 'vitest';
import type { Queryable } from '../../src/store/database.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { tables } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
const { awaitsPass, takeUnreadArrivals } = tables.arrivals;

/** How PostgreSQL would run the statement of some work, with too little memory for a list of all rooms. */
async function planOf(work: (db: Queryable) => Promise<unknown>): Promise<string> {
  const client = await pool().connect();
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

test('with very many rooms and arrivals, no list of all rooms is gone through for each arrival', async () => {
  await pool().query(`insert into room (reference, alias, room_id)
    select 'CommunicationRequest/' || n, '', '!' || repeat('x', 40) || n from generate_series(1, 20000) as n`);
  await pool().query(`insert into matrix_arrival (event_id, room_id, event)
    select '$' || n, '!other' || n, '{}' from generate_series(1, 5000) as n`);
  await pool().query('analyze room, matrix_arrival');
  // A SubPlan that is not hashed runs once for each row.
  const plans = [
    await planOf((db) => takeUnreadArrivals(db, { upTo: '99999', olderThanSeconds: 10, most: 500 })),
    await planOf((db) => awaitsPass(db, '99999')),
  ];
  for (const plan of plans) {
    expect(plan).toMatch(/room/);
    expect(plan).not.toMatch(/^\s*SubPlan[^\n]*\n[^\n]*(Materialize|Seq Scan on room)/m);
  }
});
