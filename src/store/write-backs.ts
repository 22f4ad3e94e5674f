// The table of Communications that are in their rooms and do not bear the ids of their events yet.
import type { EventId, FhirReference } from '../domain/ids.ts';
import { columnsOf, countRows, select, selectColumn, type Queryable } from './database.ts';

/** A Communication, and the event that shows it. */
export interface WriteBack {
  readonly reference: FhirReference;
  readonly eventId: EventId;
}

/** The channel of the notifications that there is one more. */
export const WRITE_BACK_CHANNEL = 'bridge_write_back';

/** Adds one, in place of an earlier one of the same Communication. */
export async function saveWriteBack(tx: Queryable, { reference, eventId }: WriteBack): Promise<void> {
  const sql = `with saved as (
      insert into write_back (communication, event_id) values ($1, $2)
      on conflict (communication) do update set event_id = excluded.event_id, since = now()
      returning communication
    )
    select pg_notify('${WRITE_BACK_CHANNEL}', '') from saved`;
  await tx.query(sql, [reference, eventId]);
}

/** Those that are this old, oldest first. */
export async function findDueWriteBacks(
  db: Queryable,
  { olderThanMs, most }: { readonly olderThanMs: number; readonly most: number },
): Promise<readonly WriteBack[]> {
  const sql = `select communication as reference, event_id from write_back
    where since <= now() - $1 * interval '1 millisecond' order by since limit $2`;
  return select<WriteBack>(db, sql, [olderThanMs, most]);
}

/** Removes some, unless another event has taken the place of theirs. */
export async function removeWriteBacks(tx: Queryable, done: readonly WriteBack[]): Promise<void> {
  const sql = `delete from write_back using unnest($1::text[], $2::text[]) as done (communication, event_id)
    where write_back.communication = done.communication and write_back.event_id = done.event_id`;
  await tx.query(sql, columnsOf(done, 'reference', 'eventId'));
}

/** Whether there are any, of whatever age. */
export async function areWriteBacksLeft(db: Queryable): Promise<boolean> {
  return (await countRows(db, 'select from write_back limit 1')) === 1;
}

/** How many there are. */
export async function countWriteBacks(db: Queryable): Promise<number> {
  const [count] = await selectColumn<number>(db, 'select count(*)::int from write_back');
  return count ?? 0;
}
