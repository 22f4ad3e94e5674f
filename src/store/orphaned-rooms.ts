// The table of orphaned rooms: their resource is gone, and its reference is another's now.
import type { FhirReference, RoomId } from '../domain/ids.ts';
import { countRows, select, type Queryable } from './database.ts';

/** Notified when a room has become one. */
export const ORPHANED_CHANNEL = 'bridge_orphaned';

/** A room without its resource. */
export interface OrphanedRoom {
  readonly roomId: RoomId;
  readonly reference: FhirReference;
  readonly madeBy: 'bridge' | 'user';
  /** As it was brought to at the last look. */
  readonly phase: 'open' | 'read-only' | 'closed';
}

/** Separates a room from its reference, under which the next one is made as if there had been none. */
export async function orphanRoom(tx: Queryable, reference: FhirReference, now: Date): Promise<void> {
  const keep = `insert into orphaned_room (room_id, reference, made_by, orphaned_at, look_at)
    select room_id, reference, made_by, $2, $2 from room where reference = $1 and room_id is not null
    on conflict do nothing`;
  await tx.query(keep, [reference, now]);
  for (const table of ['room_member', 'room_dependency', 'former_room'])
    await tx.query(`delete from ${table} where reference = $1`, [reference]);
  const empty = `update room set room_id = null, generation = generation + 1, number = default, subject = null,
      care_team = null, authored_at = null, first_message_event_id = null, ready_at = null, converged_from = null,
      converge_at = null, phase = 'open', made_by = 'bridge', kept_closed = false, gone_since = null,
      resource_version = null, resource_since = null
    where reference = $1`;
  await tx.query(empty, [reference]);
  await tx.query(`select pg_notify('${ORPHANED_CHANNEL}', '')`);
}

/** Whether a room is one, and so never to be that of a resource again. */
export async function isOrphaned(db: Queryable, roomId: RoomId): Promise<boolean> {
  return (await countRows(db, 'select from orphaned_room where room_id = $1', [roomId])) > 0;
}

/** The rooms that are to be looked at by now, the longest overdue first. */
export async function findDueOrphans(
  db: Queryable,
  now: Date,
  limit: number,
): Promise<readonly OrphanedRoom[]> {
  const sql = `select room_id, reference, made_by, phase from orphaned_room
    where phase <> 'closed' and look_at <= $1 order by look_at limit $2`;
  return select<OrphanedRoom>(db, sql, [now, limit]);
}

/** Records what a look brought a room to, and when the next is due. */
export async function saveLook(
  db: Queryable,
  roomId: RoomId,
  { phase, next }: { readonly phase: OrphanedRoom['phase']; readonly next: Date },
): Promise<void> {
  await db.query('update orphaned_room set phase = $2, look_at = $3 where room_id = $1', [
    roomId,
    phase,
    next,
  ]);
}
