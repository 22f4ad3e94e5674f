// The tables of read state: how far each person has read each conversation, and how far its Tasks were compared.
import type { EventId, FhirReference } from '../domain/ids.ts';
import { countRows, select, type Queryable } from './database.ts';

/** The latest message that a person has read. */
export interface ReadPosition {
  readonly person: FhirReference;
  readonly eventId: EventId;
  readonly readAt: Date;
}

/** How far people have read a conversation. */
export async function findReadPositions(
  db: Queryable,
  conversation: FhirReference,
): Promise<readonly ReadPosition[]> {
  const sql = 'select person, event_id, read_at from read_position where conversation = $1 order by person';
  return select<ReadPosition>(db, sql, [conversation]);
}

/** Records how far a person has read a conversation. Only one item at a time of a conversation calls it. */
export async function saveReadPosition(
  db: Queryable,
  conversation: FhirReference,
  { person, eventId, readAt }: ReadPosition,
): Promise<void> {
  const sql = `insert into read_position (conversation, person, event_id, read_at) values ($1, $2, $3, $4)
    on conflict (conversation, person) do update set event_id = excluded.event_id, read_at = excluded.read_at`;
  await db.query(sql, [conversation, person, eventId, readAt]);
}

/** Records up to which item of its lane the Tasks of a conversation were compared. */
export async function saveCompared(
  db: Queryable,
  conversation: FhirReference,
  position: number,
): Promise<void> {
  const sql = `insert into compared_tasks (conversation, position) values ($1, $2)
    on conflict (conversation) do update set position = excluded.position`;
  await db.query(sql, [conversation, position]);
}

/** Forgets up to which item they were compared: the lane begins anew. */
export async function forgetCompared(db: Queryable, conversations: readonly FhirReference[]): Promise<void> {
  if (conversations.length > 0)
    await db.query('delete from compared_tasks where conversation = any ($1)', [conversations]);
}

/** Whether a comparison of the Tasks of a conversation was for this item of its lane too. */
export async function wereComparedFor(
  db: Queryable,
  conversation: FhirReference,
  position: number,
): Promise<boolean> {
  const sql = 'select from compared_tasks where conversation = $1 and position >= $2';
  return (await countRows(db, sql, [conversation, position])) > 0;
}
