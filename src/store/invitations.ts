// The table of invitations of ghosts with a context: which patient the room is about.
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import { selectColumn, type Queryable } from './database.ts';

/** An invitation whose patient is known. */
interface InvitationRow {
  readonly roomId: RoomId;
  /** The invited ghost. */
  readonly userId: MatrixUserId;
  readonly eventId: EventId;
  readonly inviter: MatrixUserId;
  readonly subject: FhirReference;
}

/** Records the patient of an invitation. A later invitation of the same ghost to the same room replaces it. */
export async function saveInvitation(
  db: Queryable,
  { roomId, userId, eventId, inviter, subject }: InvitationRow,
): Promise<void> {
  const sql = `insert into invitation (room_id, user_id, event_id, inviter, subject) values ($1, $2, $3, $4, $5)
    on conflict (room_id, user_id) do update
    set event_id = $3, inviter = $4, subject = $5, received_at = now(), joined_at = null`;
  await db.query(sql, [roomId, userId, eventId, inviter, subject]);
}

/** The recorded patient of an invitation. */
export async function findInvitationSubject(
  db: Queryable,
  eventId: EventId,
): Promise<FhirReference | undefined> {
  const sql = 'select subject from invitation where event_id = $1';
  return (await selectColumn<FhirReference>(db, sql, [eventId]))[0];
}

/** Records that the ghost joined. */
export async function saveInvitationJoined(db: Queryable, eventId: EventId): Promise<void> {
  const sql = 'update invitation set joined_at = now() where event_id = $1 and joined_at is null';
  await db.query(sql, [eventId]);
}

/** Removes an invitation that the ghost could not accept any more. */
export async function removeInvitation(db: Queryable, eventId: EventId): Promise<void> {
  await db.query('delete from invitation where event_id = $1', [eventId]);
}
