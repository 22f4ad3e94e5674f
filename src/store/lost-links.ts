// The table of links after a restoration: links made anew that this database lost, and those whose events the homeserver lost.
import type { EventId, FhirReference, RoomId } from '../domain/ids.ts';
import { countRows, select, type Queryable } from './database.ts';
import type { MessageLink, NewLink } from './message-links.ts';

/**
 * Records an effect that was made before, of which this database does not know. One that it knows stays as it is.
 * @returns whether it was new
 */
export async function saveMade(db: Queryable, link: NewLink & Pick<MessageLink, 'digest'>): Promise<boolean> {
  const sql = `insert into message_link (origin, cause, part, kind, communication, event_id, target, room_id, sender,
      sent_at, thread_root, digest, completed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now())
    on conflict (cause, part) do update
    set communication = excluded.communication, event_id = excluded.event_id, target = excluded.target,
      sender = excluded.sender, digest = excluded.digest, completed_at = now()
    where message_link.completed_at is null`;
  return (
    (await countRows(db, sql, [
      ...[link.origin, link.cause, link.part, link.kind],
      ...[link.communication, link.eventId, link.target, link.roomId],
      ...[link.sender, link.sentAt, link.threadRoot, link.digest],
    ])) === 1
  );
}

/** The link of an event of a room; later ones have higher ids. */
export interface LinkInRoom extends Pick<MessageLink, 'communication' | 'origin'> {
  readonly id: number;
  readonly eventId: EventId;
}

/** The latest links of messages and edits in a room, the latest first. @param before only those with lower ids */
export async function findLatestIn(
  db: Queryable,
  roomId: RoomId,
  before: number | undefined,
  limit: number,
): Promise<readonly LinkInRoom[]> {
  const sql = `select id::float8, origin, communication, event_id from message_link
    where room_id = $1 and ($2::float8 is null or id < $2) and completed_at is not null and event_id is not null
      and kind not in ('retraction', 'reaction')
    order by id desc limit $3`;
  return select<LinkInRoom>(db, sql, [roomId, before, limit]);
}

/** Forgets what was carried of these Communications in a room. */
export async function forgetLinks(
  db: Queryable,
  roomId: RoomId,
  communications: readonly FhirReference[],
): Promise<void> {
  const sql = 'delete from message_link where room_id = $1 and communication = any ($2)';
  await db.query(sql, [roomId, communications]);
}
