// The messages of a conversation, as the table of links has them: without changes of messages, in the order in which they were carried.
import type { EventId, FhirReference, RoomId } from '../domain/ids.ts';
import { select, type Queryable } from './database.ts';

/** A message that was carried. */
export interface ConversationMessage {
  /** Grows with each message that is carried. */
  readonly sequence: number;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly communication: FhirReference;
}

const MESSAGES = `select id::float8 as sequence, room_id, event_id, communication from message_link
  where target is null and completed_at is not null and event_id is not null and communication like 'Communication/%'`;

/** The messages of these events and Communications, the last last; each may be several. */
export async function findMessages(
  db: Queryable,
  of: { readonly eventIds?: readonly EventId[]; readonly communications?: readonly FhirReference[] },
): Promise<readonly ConversationMessage[]> {
  const sql = `${MESSAGES} and (event_id = any ($1) or communication = any ($2)) order by id`;
  return select<ConversationMessage>(db, sql, [of.eventIds ?? [], of.communications ?? []]);
}

/** The last messages of a conversation, in whichever of its rooms, the last first. */
export async function findLastMessages(
  db: Queryable,
  conversation: FhirReference,
  limit: number,
): Promise<readonly ConversationMessage[]> {
  const sql = `${MESSAGES} and room_id in (
      select room_id from room where reference = $1
      union all select room_id from former_room where reference = $1)
    order by id desc limit $2`;
  return select<ConversationMessage>(db, sql, [conversation, limit]);
}
