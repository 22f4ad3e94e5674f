// The table of arrivals: pushed events, kept until the reader has put them into order.
import type { EventId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { countRows, select, selectColumn, type Queryable } from './database.ts';

/** Stores pushed events. Events that are stored already stay as they are. */
export async function saveArrivals(db: Queryable, events: readonly MatrixEvent[]): Promise<void> {
  const sql = `insert into matrix_arrival (event_id, room_id, event)
    select event ->> 'event_id', event ->> 'room_id', event from jsonb_array_elements($1::jsonb) as event
    on conflict do nothing`;
  await db.query(sql, [JSON.stringify(events)]);
}

/** The number of the newest arrival. Later arrivals have higher numbers. */
export async function lastArrival(db: Queryable): Promise<string> {
  const [last] = await selectColumn<string>(db, 'select coalesce(max(arrival), 0) from matrix_arrival');
  return last ?? '0';
}

/** Removes the arrivals of events that the reader has read. */
export async function removeArrivals(db: Queryable, eventIds: readonly EventId[]): Promise<void> {
  await db.query('delete from matrix_arrival where event_id = any($1::text[])', [eventIds]);
}

/**
 * Takes the arrivals that the reader will not read: those of rooms that the bot is not in, and those that a pass did not show
 * although it began long after them. The second kind was usually stored before, so the log ignores it as known. Those of rooms that
 * are behind stay: they are brought in their order when the room is read on.
 */
export async function takeUnreadArrivals(
  db: Queryable,
  which: {
    /** The last arrival before the pass began. */
    readonly upTo: string;
    /** How long an event of a known room waits for the reader. */
    readonly olderThanSeconds: number;
    readonly most: number;
  },
): Promise<readonly MatrixEvent[]> {
  const sql = `delete from matrix_arrival where arrival in (
      select arrival from matrix_arrival
      where arrival <= $1
        and not exists (select from room_behind where room_behind.room_id = matrix_arrival.room_id)
        and (not exists (select from room where room.room_id = matrix_arrival.room_id)
             or arrived_at < now() - make_interval(secs => $2))
      order by arrival limit $3)
    returning arrival, event`;
  const values = [which.upTo, which.olderThanSeconds, which.most];
  const rows = await select<{ arrival: string; event: MatrixEvent }>(db, sql, values);
  return rows.sort((a, b) => Number(a.arrival) - Number(b.arrival)).map((row) => row.event);
}

/** Whether another pass has to deal with arrivals, up to a number. Those of rooms that are behind come when the room is read on. */
export async function awaitsPass(db: Queryable, upTo: string): Promise<boolean> {
  const sql = `select from matrix_arrival
    where arrival <= $1 and not exists (select from room_behind where room_behind.room_id = matrix_arrival.room_id)
    limit 1`;
  return (await countRows(db, sql, [upTo])) === 1;
}

/** Whether an arrival names any of these. */
export async function doesArrivalName(db: Queryable, texts: readonly string[]): Promise<boolean> {
  const sql = `select from matrix_arrival
    where exists (select from unnest($1::text[]) as name where strpos(event::text, name) > 0) limit 1`;
  return (await countRows(db, sql, [texts])) === 1;
}

/** How many arrivals wait for the reader. */
export async function countArrivals(db: Queryable): Promise<number> {
  const [count] = await selectColumn<string>(db, 'select count(*) from matrix_arrival');
  return Number(count);
}
