// The table of upgraded rooms: another room has replaced them, or will.
import type { FhirReference, RoomId } from '../domain/ids.ts';
import { countRows, selectColumn, type Queryable } from './database.ts';

/** A room whose tombstone names its replacement. */
export interface FormerRoom {
  readonly roomId: RoomId;
  readonly reference: FhirReference;
  readonly replacement: RoomId;
}

/** Records the replacement of a room. A later tombstone changes it, until the bridge has followed one. */
export async function saveFormerRoom(
  db: Queryable,
  { roomId, reference, replacement }: FormerRoom,
): Promise<void> {
  const sql = `insert into former_room (room_id, reference, replacement_room_id) values ($1, $2, $3)
    on conflict (room_id) do update set replacement_room_id = $3 where former_room.followed_at is null`;
  await db.query(sql, [roomId, reference, replacement]);
}

/** Removes a replacement that turned out to be invalid. */
export async function forgetFormerRoom(db: Queryable, roomId: RoomId): Promise<void> {
  await db.query('delete from former_room where room_id = $1 and followed_at is null', [roomId]);
}

/**
 * Puts the replacement into the old room's place, and empties the base of the comparison: no one is in the new room by FHIR yet,
 * so that the next convergence invites everyone again.
 */
export async function saveFollowed(
  db: Queryable,
  { roomId, reference, replacement }: FormerRoom,
): Promise<void> {
  const replace = 'update room set room_id = $3 where reference = $1 and room_id = $2';
  const replaced = await countRows(db, replace, [reference, roomId, replacement]);
  if (replaced === 1) await db.query('delete from room_member where reference = $1', [reference]);
  const follow = 'update former_room set followed_at = coalesce(followed_at, now()) where room_id = $1';
  await db.query(follow, [roomId]);
}

/** The resources whose rooms are linked to this one's: a team's conversations, or a conversation's team. */
export async function findLinked(db: Queryable, reference: FhirReference): Promise<readonly FhirReference[]> {
  const sql = `select reference from room where care_team = $1
    union select care_team from room where reference = $1 and care_team is not null order by reference`;
  return selectColumn<FhirReference>(db, sql, [reference]);
}
