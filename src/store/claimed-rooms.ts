// The table of rooms that users listed in a team's space and that the bridge has not adopted yet.
import type { FhirReference, MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** A room that a user listed in a care team's space. */
export interface Claim {
  readonly roomId: RoomId;
  readonly careTeam: FhirReference;
  readonly claimedBy: MatrixUserId;
}

/** Records a listing, in the caller's transaction; the last one counts. @returns the other team that had listed the room before */
export async function saveClaim(
  db: Queryable,
  { roomId, careTeam, claimedBy }: Claim,
): Promise<FhirReference | undefined> {
  const { rows } = await db.query<{ care_team: FhirReference }>(
    'select care_team from claimed_room where room_id = $1 for update',
    [roomId],
  );
  await db.query(
    `insert into claimed_room (room_id, care_team, claimed_by) values ($1, $2, $3)
     on conflict (room_id) do update set care_team = excluded.care_team, claimed_by = excluded.claimed_by`,
    [roomId, careTeam, claimedBy],
  );
  return rows.map((row) => row.care_team).find((before) => before !== careTeam);
}

/** The rooms among these that other teams list. */
export async function findClaimedByOthers(
  db: Queryable,
  careTeam: FhirReference,
  roomIds: readonly RoomId[],
): Promise<readonly RoomId[]> {
  const { rows } = await db.query<{ room_id: RoomId }>(
    'select room_id from claimed_room where room_id = any ($2) and care_team <> $1',
    [careTeam, roomIds],
  );
  return rows.map((row) => row.room_id);
}

/** The listing of a room. */
export async function findClaim(db: Queryable, roomId: RoomId): Promise<Claim | undefined> {
  const { rows } = await db.query<{ care_team: FhirReference; claimed_by: MatrixUserId }>(
    'select care_team, claimed_by from claimed_room where room_id = $1',
    [roomId],
  );
  return rows.map((row) => ({ roomId, careTeam: row.care_team, claimedBy: row.claimed_by }))[0];
}

/** Removes a listing: the room became a conversation, or cannot become one. */
export async function dropClaim(db: Queryable, roomId: RoomId): Promise<void> {
  await db.query('delete from claimed_room where room_id = $1', [roomId]);
}

/** Adopts a room that a user made: from now on it is the room of a conversation, and it is ready. */
export async function adoptRoom(
  db: Queryable,
  room: {
    readonly reference: FhirReference;
    readonly alias: RoomAlias;
    readonly roomId: RoomId;
    readonly subject: FhirReference | undefined;
    readonly careTeam: FhirReference;
  },
): Promise<void> {
  await db.query(
    `insert into room (reference, alias, room_id, subject, care_team, made_by, ready_at)
     values ($1, $2, $3, $4, $5, 'user', now()) on conflict do nothing`,
    [room.reference, room.alias, room.roomId, room.subject ?? null, room.careTeam],
  );
}
