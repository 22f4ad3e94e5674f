// The table of messages: which Matrix event and which Communication are the same message.
import type { EventId, FhirReference, RoomId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** A message on its way or arrived. */
export interface MessageRow {
  readonly id: string;
  readonly origin: 'matrix' | 'fhir';
  readonly eventId: EventId | undefined;
  readonly communication: FhirReference | undefined;
  readonly roomId: RoomId;
  readonly digest: string | undefined;
  readonly startedAt: Date;
  readonly completed: boolean;
}

interface Columns {
  id: string;
  origin: 'matrix' | 'fhir';
  event_id: EventId | null;
  communication: FhirReference | null;
  room_id: RoomId;
  digest: string | null;
  started_at: Date;
  completed_at: Date | null;
}

const fromColumns = (row: Columns): MessageRow => ({
  id: row.id,
  origin: row.origin,
  eventId: row.event_id ?? undefined,
  communication: row.communication ?? undefined,
  roomId: row.room_id,
  digest: row.digest ?? undefined,
  startedAt: row.started_at,
  completed: row.completed_at !== null,
});

/** The message that came from, or was sent as, this event. */
export async function findMessageByEvent(db: Queryable, eventId: EventId): Promise<MessageRow | undefined> {
  const { rows } = await db.query<Columns>('select * from message where event_id = $1', [eventId]);
  return rows.map(fromColumns)[0];
}

/**
 * The message of a Communication: by its reference, or by the event id among its identifiers where the server
 * gives the ids and its answer has not come back yet.
 */
export async function findMessageByCommunication(
  db: Queryable,
  communication: FhirReference,
  eventId: EventId | undefined,
): Promise<MessageRow | undefined> {
  const { rows } = await db.query<Columns>(
    `select * from message where communication = $1 or (event_id = $2 and (communication is null or origin = 'matrix'))
     order by communication = $1 desc nulls last limit 1`,
    [communication, eventId ?? null],
  );
  return rows.map(fromColumns)[0];
}

/** Records, before a Communication is written, that the bridge is about to write it for this event. */
export async function startFromMatrix(
  db: Queryable,
  message: { eventId: EventId; communication: FhirReference | undefined; roomId: RoomId },
): Promise<void> {
  await db.query(
    `insert into message (origin, event_id, communication, room_id) values ('matrix', $1, $2, $3)
     on conflict do nothing`,
    [message.eventId, message.communication ?? null, message.roomId],
  );
}

/**
 * Records, before a message is sent, that the bridge is about to send it for this Communication.
 * @returns since when it has been under way: the first attempt's time where this is another
 */
export async function startFromFhir(
  db: Queryable,
  message: { communication: FhirReference; roomId: RoomId },
): Promise<Date> {
  const { rows } = await db.query<{ started_at: Date }>(
    `insert into message (origin, communication, room_id) values ('fhir', $1, $2)
     on conflict (communication) do update set room_id = excluded.room_id returning started_at`,
    [message.communication, message.roomId],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('An upsert of a message returned no row');
  return row.started_at;
}

/** Records that a message has arrived on the other side; runs in the transaction of the acknowledge. */
export async function completeFromMatrix(
  db: Queryable,
  eventId: EventId,
  { communication, digest }: { communication: FhirReference; digest: string },
): Promise<void> {
  await db.query(
    'update message set communication = $2, digest = $3, completed_at = now() where event_id = $1',
    [eventId, communication, digest],
  );
}

/** Records that a message has arrived on the other side; runs in the transaction of the acknowledge. */
export async function completeFromFhir(
  db: Queryable,
  communication: FhirReference,
  { eventId, digest }: { eventId: EventId; digest: string },
): Promise<void> {
  await db.query(
    'update message set event_id = $2, digest = $3, completed_at = now() where communication = $1',
    [communication, eventId, digest],
  );
}
