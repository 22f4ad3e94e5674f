// The table of adopted rooms: users listed them in a team's space, and they are not conversations yet.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import { selectColumn, selectFirst, type Queryable } from './database.ts';
import type { RoomRow } from './rooms.ts';

/** A room that is to become a conversation. */
export interface Adoption {
  readonly roomId: RoomId;
  readonly careTeam: FhirReference;
  /** The user who listed it in the team's space. */
  readonly listedBy: MatrixUserId;
}

/** Records an adoption, within a transaction; the last one counts. @returns the other team that was to have the room before */
export async function saveAdoption(
  db: Queryable,
  { roomId, careTeam, listedBy }: Adoption,
): Promise<FhirReference | undefined> {
  const find = 'select care_team from adopted_room where room_id = $1 for update';
  const before = await selectColumn<FhirReference>(db, find, [roomId]);
  const save = `insert into adopted_room (room_id, care_team, listed_by) values ($1, $2, $3)
    on conflict (room_id) do update set care_team = excluded.care_team, listed_by = excluded.listed_by, listed_at = now()`;
  await db.query(save, [roomId, careTeam, listedBy]);
  return before.find((team) => team !== careTeam);
}

/** Of these rooms, those that are to be conversations of other teams. */
export async function findAdoptedByOthers(
  db: Queryable,
  careTeam: FhirReference,
  roomIds: readonly RoomId[],
): Promise<readonly RoomId[]> {
  const sql = 'select room_id from adopted_room where room_id = any ($2) and care_team <> $1';
  return selectColumn<RoomId>(db, sql, [careTeam, roomIds]);
}

/** The adoption of a room. */
export async function findAdoption(db: Queryable, roomId: RoomId): Promise<Adoption | undefined> {
  const sql = 'select room_id, care_team, listed_by from adopted_room where room_id = $1';
  return selectFirst<Adoption>(db, sql, [roomId]);
}

/** Ends an adoption: the room became a conversation, or will not. */
export async function endAdoption(db: Queryable, roomId: RoomId): Promise<void> {
  await db.query('delete from adopted_room where room_id = $1', [roomId]);
}

/** Makes a room that a user made the room of a conversation, ready as it is. */
export async function adoptRoom(
  db: Queryable,
  room: Pick<RoomRow, 'reference' | 'alias' | 'subject' | 'authoredAt'> &
    Pick<Adoption, 'roomId' | 'careTeam'>,
): Promise<void> {
  const sql = `insert into room (reference, alias, room_id, subject, care_team, authored_at, made_by, ready_at)
    values ($1, $2, $3, $4, $5, $6, 'user', now()) on conflict do nothing`;
  const { reference, alias, roomId, subject, careTeam, authoredAt } = room;
  await db.query(sql, [reference, alias, roomId, subject, careTeam, authoredAt]);
}
