// The table of rooms after a restoration: which are to be compared next, and one that is gone.
import type { FhirReference } from '../domain/ids.ts';
import { selectColumn, type Queryable } from './database.ts';

/** So many resources with a room after this one: spaces come before the conversations in them. */
export async function findRoomsAfter(
  db: Queryable,
  reference: FhirReference | '',
  limit: number,
): Promise<readonly FhirReference[]> {
  const sql =
    'select reference from room where reference collate "C" > $1 order by reference collate "C" limit $2';
  return selectColumn<FhirReference>(db, sql, [reference, limit]);
}

/** Forgets a room that is gone, with its members: the next convergence makes another, as if there had been none. */
export async function forgetRoom(db: Queryable, reference: FhirReference): Promise<void> {
  const sql = `with members as (delete from room_member where reference = $1)
    update room set room_id = null, ready_at = null, first_message_event_id = null, generation = generation + 1
    where reference = $1`;
  await db.query(sql, [reference]);
}
