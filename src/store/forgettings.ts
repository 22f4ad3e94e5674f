// The tables of people who are being forgotten: how far that is, room by room, and what came of it.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import { countRows, select, selectColumn, selectFirst, type Queryable } from './database.ts';

/** A person who is being forgotten. */
export interface Forgetting {
  /** A keyed hash of what the operator named. */
  readonly id: string;
  /** Their references: their own, and those of their roles. Empty once it is done. */
  readonly people: readonly FhirReference[];
  /** Their own accounts. Empty once it is done. */
  readonly accounts: readonly MatrixUserId[];
  readonly ghosts: readonly MatrixUserId[];
}

/** What came of it; without any name, address or text. */
export interface ForgettingResult {
  /** Rows deleted or emptied, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** What became of the accounts of the ghosts. */
  readonly ghosts: Readonly<Record<MatrixUserId, 'deactivated' | 'refused'>>;
  /** How many Communications of theirs crossed, by conversation. */
  readonly conversations: readonly { readonly conversation: FhirReference; readonly messages: number }[];
}

/** A forgetting, with when it began, and when it ended. */
export interface KnownForgetting extends Forgetting {
  readonly beganAt: Date;
  readonly endedAt: Date | undefined;
  /** Undefined before the first end. */
  readonly result: ForgettingResult | undefined;
}

/** How far a room is. */
export interface ForgettingRoom {
  readonly roomId: RoomId;
  /** How many messages, and events that bore a name, a picture or an address, were redacted. */
  readonly messages: number;
  readonly events: number;
  /** How many events the homeserver did not let the bridge redact. */
  readonly refused: number;
  /** Nobody of the bridge is in the room any more: nothing of it could be seen. */
  readonly outOfReach: boolean;
  readonly endedAt: Date | undefined;
}

/** Begins, or begins again: rooms that were done are looked at once more, and what was counted stays. */
export async function begin(
  db: Queryable,
  { id, people, accounts, ghosts }: Forgetting,
  roomIds: readonly RoomId[],
): Promise<void> {
  const sql = `insert into forgetting (id, people, accounts, ghosts) values ($1, $2, $3, $4)
    on conflict (id) do update set people = $2, accounts = $3, ghosts = $4, began_at = now(), ended_at = null`;
  await db.query(sql, [id, people, accounts, ghosts]);
  const rooms = `insert into forgetting_room (forgetting, room_id) select $1, unnest($2::text[])
    on conflict (forgetting, room_id) do update set ended_at = null`;
  await db.query(rooms, [id, roomIds]);
}

/** A forgetting by its id. */
export async function find(db: Queryable, id: string): Promise<KnownForgetting | undefined> {
  const sql = 'select id, people, accounts, ghosts, began_at, ended_at, result from forgetting where id = $1';
  return selectFirst<KnownForgetting>(db, sql, [id]);
}

/** Its rooms. */
export async function findRooms(db: Queryable, id: string): Promise<readonly ForgettingRoom[]> {
  const sql = `select room_id, messages, events, refused, out_of_reach, ended_at
    from forgetting_room where forgetting = $1 order by room_id`;
  return select<ForgettingRoom>(db, sql, [id]);
}

/** Up to which link the messages of a room were redacted. */
export async function findRedactedTo(db: Queryable, id: string, roomId: RoomId): Promise<string> {
  const sql = 'select redacted_to::text from forgetting_room where forgetting = $1 and room_id = $2';
  return (await selectColumn<string>(db, sql, [id, roomId]))[0] ?? '0';
}

/** Records that messages of a room were redacted. @param to the link of the last one */
export async function saveRedacted(
  db: Queryable,
  id: string,
  roomId: RoomId,
  { to, messages, refused }: { to: string; messages: number; refused: number },
): Promise<void> {
  const sql = `update forgetting_room
    set redacted_to = $3::bigint, messages = messages + $4, refused = refused + $5
    where forgetting = $1 and room_id = $2`;
  await db.query(sql, [id, roomId, to, messages, refused]);
}

/** Records that a room is done. @returns whether all are: of several that end at one time, the last one is told so */
export async function endRoom(
  tx: Queryable,
  id: string,
  roomId: RoomId,
  { events, refused, outOfReach }: Pick<ForgettingRoom, 'events' | 'outOfReach' | 'refused'>,
): Promise<boolean> {
  await tx.query('select from forgetting where id = $1 for update', [id]);
  const sql = `update forgetting_room
    set ended_at = now(), events = events + $3, refused = refused + $4, out_of_reach = $5
    where forgetting = $1 and room_id = $2`;
  await tx.query(sql, [id, roomId, events, refused, outOfReach]);
  const open = 'select from forgetting_room where forgetting = $1 and ended_at is null limit 1';
  return (await countRows(tx, open, [id])) === 0;
}

/** Records what came of it so far. */
export async function saveResult(db: Queryable, id: string, result: ForgettingResult): Promise<void> {
  await db.query('update forgetting set result = $2 where id = $1', [id, JSON.stringify(result)]);
}

/** Records what came of it, and forgets whom it was about. */
export async function end(tx: Queryable, id: string, result: ForgettingResult): Promise<void> {
  const sql = `update forgetting set people = '{}', accounts = '{}', ended_at = now(), result = $2 where id = $1`;
  await tx.query(sql, [id, JSON.stringify(result)]);
}
