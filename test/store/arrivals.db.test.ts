// The arrivals that the reader takes: how PostgreSQL finds them must not depend on how many rooms there are.
import { expect, test } from 'vitest';
import { useBridgeDatabase } from '../builders/database.ts';
import { tables } from '../builders/payloads.ts';
import { planOf } from '../builders/plan.ts';

const pool = useBridgeDatabase();
const { awaitsPass, takeUnreadArrivals } = tables.arrivals;

test('with very many rooms and arrivals, no list of all rooms is gone through for each arrival', async () => {
  await pool().query(`insert into room (reference, alias, room_id)
    select 'CommunicationRequest/' || n, '', '!' || repeat('x', 40) || n from generate_series(1, 20000) as n`);
  await pool().query(`insert into matrix_arrival (event_id, room_id, event)
    select '$' || n, '!other' || n, '{}' from generate_series(1, 5000) as n`);
  await pool().query('analyze room, matrix_arrival');
  // A SubPlan that is not hashed runs once for each row.
  const plans = [
    await planOf(pool(), (db) => takeUnreadArrivals(db, { upTo: '99999', olderThanSeconds: 10, most: 500 })),
    await planOf(pool(), (db) => awaitsPass(db, '99999')),
  ];
  for (const plan of plans) {
    expect(plan).toMatch(/room/);
    expect(plan).not.toMatch(/^\s*SubPlan[^\n]*\n[^\n]*(Materialize|Seq Scan on room)/m);
  }
});
