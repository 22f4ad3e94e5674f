// The table of invitations of ghosts with a context: which patient the room is about.
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import { countRows, selectColumn, selectFirst, type Queryable } from './database.ts';

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
    set event_id = $3, inviter = $4, subject = $5, received_at = now(),
      joined_at = case when invitation.event_id = $3 then invitation.joined_at end`;
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

/** A conversation of another organisation, as one's own server has it. */
export interface ReceivedConversation {
  readonly reference: FhirReference;
  readonly roomId: RoomId;
  readonly subject: FhirReference;
  /** The ghosts that were invited to it; the first is the one with whose eyes it is looked at. */
  readonly guests: readonly [MatrixUserId, ...MatrixUserId[]];
}

/** Records the CommunicationRequest that was made for the room of an invitation. */
export async function saveRequest(db: Queryable, eventId: EventId, request: FhirReference): Promise<void> {
  await db.query('update invitation set request = $2 where event_id = $1', [eventId, request]);
}

const RECEIVED = `select request as reference, room_id, min(subject) as subject,
    array_agg(user_id order by received_at, user_id) as guests
  from invitation where request is not null`;
const PER_ROOM = 'group by request, room_id order by request limit 1';

/** The conversation in a room of another organisation. */
export async function findReceivedIn(
  db: Queryable,
  roomId: RoomId,
): Promise<ReceivedConversation | undefined> {
  return selectFirst<ReceivedConversation>(db, `${RECEIVED} and room_id = $1 ${PER_ROOM}`, [roomId]);
}

/** The same, by its CommunicationRequest. */
export async function findReceived(
  db: Queryable,
  request: FhirReference,
): Promise<ReceivedConversation | undefined> {
  return selectFirst<ReceivedConversation>(db, `${RECEIVED} and request = $1 ${PER_ROOM}`, [request]);
}

/** Whether a ghost was invited to a room, which is of others then. */
export async function isOfOthers(db: Queryable, roomId: RoomId): Promise<boolean> {
  return (await countRows(db, 'select from invitation where room_id = $1', [roomId])) > 0;
}

/** Records that the ghost joined. @returns whether that was not recorded before */
export async function saveInvitationJoined(db: Queryable, eventId: EventId): Promise<boolean> {
  const sql = 'update invitation set joined_at = now() where event_id = $1 and joined_at is null';
  return (await countRows(db, sql, [eventId])) === 1;
}

/** Removes an invitation that the ghost could not accept any more. */
export async function removeInvitation(db: Queryable, eventId: EventId): Promise<void> {
  await db.query('delete from invitation where event_id = $1', [eventId]);
}
