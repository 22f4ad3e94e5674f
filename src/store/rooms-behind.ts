// The table of rooms of which more has happened than `/sync` showed, until they are read on.
import type { RoomId } from '../domain/ids.ts';
import { countRows, select, selectColumn, selectFirst, type Queryable } from './database.ts';

/** Notified when a room falls behind. */
export const ROOMS_BEHIND_CHANNEL = 'bridge_rooms_behind';

/** A room that is behind. */
export interface RoomBehind {
  readonly roomId: RoomId;
  /** The token from which on its events are not stored yet. */
  readonly position: string;
  /** How often `/sync` has shown it since it fell behind; the driver gives a bigint as text. */
  readonly shown: string;
}

/** A room that is behind, and how often it could not be read in a row. */
export interface DueRoom extends RoomBehind {
  readonly failures: number;
}

const COLUMNS = 'room_id, position, shown';

/**
 * Notes that `/sync` shows more of rooms. Those that are behind stay locked until the end of the transaction.
 * @returns those of them that are behind: what is shown of them comes when they are read on
 */
export async function noteShown(tx: Queryable, roomIds: readonly RoomId[]): Promise<ReadonlySet<RoomId>> {
  const sql = 'update room_behind set shown = shown + 1 where room_id = any ($1) returning room_id';
  return new Set(await selectColumn<RoomId>(tx, sql, [roomIds]));
}

/** Stores rooms that are to be read on from a token. One that is behind already is read from where it was. */
export async function saveBehind(tx: Queryable, roomIds: readonly RoomId[], position: string): Promise<void> {
  if (roomIds.length === 0) return;
  const sql = `with saved as (
      insert into room_behind (room_id, position) select room_id, $2 from unnest($1::text[]) as room_id
      on conflict (room_id) do update set shown = room_behind.shown + 1
    )
    select pg_notify($3, '')`;
  await tx.query(sql, [roomIds, position, ROOMS_BEHIND_CHANNEL]);
}

/** Rooms whose turn it is, those that wait longest first. */
export async function findDue(db: Queryable, limit: number): Promise<readonly DueRoom[]> {
  const sql = `select ${COLUMNS}, failures from room_behind where due_at <= now() order by due_at limit $1`;
  return select<DueRoom>(db, sql, [limit]);
}

/** The room as it stands now, locked until the end of the transaction; undefined when it is not behind any more. */
export async function lockBehind(tx: Queryable, roomId: RoomId): Promise<RoomBehind | undefined> {
  return selectFirst(tx, `select ${COLUMNS} from room_behind where room_id = $1 for update`, [roomId]);
}

/** Moves the position of a room that was read on up to it. */
export async function saveReadUpTo(tx: Queryable, roomId: RoomId, position: string): Promise<void> {
  const sql = `update room_behind set position = $2, failures = 0, failing_since = null where room_id = $1`;
  await tx.query(sql, [roomId, position]);
}

/** Lets a room wait that could not be read. @returns for how long it could not be, in milliseconds */
export async function postponeRoom(db: Queryable, roomId: RoomId, delayMs: number): Promise<number> {
  const sql = `update room_behind set failures = failures + 1, failing_since = coalesce(failing_since, now()),
      due_at = now() + $2 * interval '1 millisecond'
    where room_id = $1
    returning (extract(epoch from now() - failing_since) * 1000)::float8`;
  return (await selectColumn<number>(db, sql, [roomId, delayMs]))[0] ?? 0;
}

/** Removes a room that is not behind any more. */
export async function removeBehind(tx: Queryable, roomId: RoomId): Promise<void> {
  await tx.query('delete from room_behind where room_id = $1', [roomId]);
}

/** How many rooms are behind that could not be read so many times in a row, or more. */
export async function countFailing(db: Queryable, failures: number): Promise<number> {
  return countRows(db, 'select from room_behind where failures >= $1', [failures]);
}

/** Whether a room is behind. */
export async function isBehind(db: Queryable, roomId: RoomId): Promise<boolean> {
  return (await countRows(db, 'select from room_behind where room_id = $1', [roomId])) === 1;
}

/** How many rooms are behind. */
export async function countBehind(db: Queryable): Promise<number> {
  const [count] = await selectColumn<string>(db, 'select count(*) from room_behind');
  return Number(count);
}
