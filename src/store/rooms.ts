// The table of rooms: the Matrix room or space of each CareTeam and CommunicationRequest.
import type { EventId, FhirReference, RoomAlias, RoomId } from '../domain/ids.ts';
import { countRows, select, selectColumn, selectFirst, type Queryable } from './database.ts';

/** A room, or the reservation of a room that is being created (without room id). */
export interface RoomRow {
  readonly reference: FhirReference;
  /** With this it was made; the templates may be others by now. */
  readonly alias: RoomAlias;
  /** The number in its name; no other room has it. */
  readonly number: number;
  readonly generation: number;
  readonly roomId: RoomId | undefined;
  /** Whom the resource is about, a Patient or Group. */
  readonly subject: FhirReference | undefined;
  /** The care team in whose space the conversation stands. */
  readonly careTeam: FhirReference | undefined;
  /** When the conversation began, as `2026-03-09T08:30:00.000Z`. */
  readonly authoredAt: string | undefined;
  readonly firstMessageEventId: EventId | undefined;
  /** Whether the room has reached its desired state once, with its first message. */
  readonly ready: boolean;
  /** At the last convergence. */
  readonly phase: 'open' | 'read-only' | 'closed';
  /** Whether a user made it, in a team's space or under the alias. There the bridge has only the power that it was given. */
  readonly madeBy: 'bridge' | 'user';
  /** Whether a user has made it so that nothing may be sent into it. */
  readonly unsafe: boolean;
}

/** What a statement selects of a room for a `RoomRow`. */
export const ROOM_COLUMNS = `reference, alias, number, generation, room_id, subject, care_team, authored_at, first_message_event_id,
  ready_at is not null as ready, phase, made_by, unsafe_since is not null as unsafe`;

/** Reserves the row of a resource's room, or returns the existing one. */
export async function reserveRoom(
  db: Queryable,
  reference: FhirReference,
  alias: RoomAlias,
): Promise<RoomRow> {
  // The update changes nothing, but makes the statement return the existing row too.
  const sql = `insert into room (reference, alias) values ($1, $2)
    on conflict (reference) do update set reference = excluded.reference returning ${ROOM_COLUMNS}`;
  const room = await selectFirst<RoomRow>(db, sql, [reference, alias]);
  if (room === undefined) throw new Error('An upsert of a room returned no row');
  return room;
}

/** The room of a resource. */
export async function findRoom(db: Queryable, reference: FhirReference): Promise<RoomRow | undefined> {
  return selectFirst<RoomRow>(db, `select ${ROOM_COLUMNS} from room where reference = $1`, [reference]);
}

/** The conversations with this subject that are in no space yet. */
export async function findUnlinkedConversations(
  db: Queryable,
  subject: FhirReference,
): Promise<readonly FhirReference[]> {
  const sql = `select reference from room
    where subject = $1 and care_team is null and reference like 'CommunicationRequest/%' order by reference`;
  return selectColumn<FhirReference>(db, sql, [subject]);
}

/** Records the Matrix room of a resource. */
export async function saveRoomId(db: Queryable, reference: FhirReference, roomId: RoomId): Promise<void> {
  await db.query('update room set room_id = $2 where reference = $1', [reference, roomId]);
}

/**
 * Records a room that others made, and gave to the resource.
 * @param said the event that stands for its first message, where that was sent before
 */
export async function saveGivenRoom(
  db: Queryable,
  reference: FhirReference,
  { roomId, said }: { readonly roomId: RoomId; readonly said: EventId | undefined },
): Promise<void> {
  const sql = `update room set room_id = $2, made_by = 'user',
    first_message_event_id = coalesce(first_message_event_id, $3) where reference = $1`;
  await db.query(sql, [reference, roomId, said]);
}

/** Records another alias for a resource's room, because the first belongs to a room of others. */
export async function saveAlias(db: Queryable, reference: FhirReference, alias: RoomAlias): Promise<void> {
  await db.query('update room set alias = $2 where reference = $1', [reference, alias]);
}

/** Drops a half-made room: the next attempt gets another marker. */
export async function nextGeneration(db: Queryable, reference: FhirReference): Promise<void> {
  const sql = 'update room set generation = generation + 1, room_id = null where reference = $1';
  await db.query(sql, [reference]);
}

/** Records whom a resource is about. */
export async function saveSubject(
  db: Queryable,
  reference: FhirReference,
  subject: FhirReference | undefined,
): Promise<void> {
  await db.query('update room set subject = $2 where reference = $1', [reference, subject]);
}

/** Records the subject of a conversation, the team in whose space it is, and when it began. */
export async function saveConversation(
  db: Queryable,
  reference: FhirReference,
  { subject, careTeam, authoredAt }: Pick<RoomRow, 'subject' | 'careTeam' | 'authoredAt'>,
): Promise<void> {
  const sql = 'update room set subject = $2, care_team = $3, authored_at = $4 where reference = $1';
  await db.query(sql, [reference, subject, careTeam, authoredAt]);
}

/** Records that the conversation's first message was sent. */
export async function saveFirstMessage(
  db: Queryable,
  reference: FhirReference,
  eventId: EventId,
): Promise<void> {
  await db.query('update room set first_message_event_id = $2 where reference = $1', [reference, eventId]);
}

/** Records that the room has reached its desired state, so that messages may be sent. */
export async function saveReady(db: Queryable, reference: FhirReference): Promise<void> {
  await db.query('update room set ready_at = now() where reference = $1 and ready_at is null', [reference]);
}

/** The time of the database, which also stamps the items. */
export async function readTime(db: Queryable): Promise<Date> {
  const [now] = await selectColumn<Date>(db, 'select now()');
  return now ?? new Date(0);
}

/** Records that a convergence is complete which began to read at this time. */
export async function saveConverged(db: Queryable, reference: FhirReference, from: Date): Promise<void> {
  await db.query('update room set converged_from = $2 where reference = $1', [reference, from]);
}

/**
 * Whether a convergence is complete which began to read after this time. A margin is added, because the rows of a transaction
 * have the time of its beginning, but others see them only after its end.
 */
export async function wasConvergedSince(
  db: Queryable,
  reference: FhirReference,
  time: Date,
): Promise<boolean> {
  const sql = `select from room where reference = $1 and converged_from > $2::timestamptz + interval '30 seconds'`;
  return (await countRows(db, sql, [reference, time])) > 0;
}

/** Notified when the moment of a room's next convergence has changed. */
export const CONVERGE_AT_CHANNEL = 'bridge_periods';

/** Records when a room must converge although no resource changes; undefined for never. */
export async function saveConvergeAt(
  db: Queryable,
  reference: FhirReference,
  at: Date | undefined,
): Promise<void> {
  const sql = `with changed as (
      update room set converge_at = $2 where reference = $1 and converge_at is distinct from $2
      returning converge_at
    )
    select pg_notify($3, '') from changed where converge_at is not null`;
  await db.query(sql, [reference, at, CONVERGE_AT_CHANNEL]);
}

/** The same, but only if no earlier moment is recorded: for callers that do not hold the room's lock. */
export async function advanceConvergeAt(db: Queryable, reference: FhirReference, at: Date): Promise<void> {
  const sql = `with changed as (
      update room set converge_at = $2 where reference = $1 and coalesce(converge_at > $2, true) returning converge_at
    )
    select pg_notify($3, '') from changed`;
  await db.query(sql, [reference, at, CONVERGE_AT_CHANNEL]);
}

/** A room that must converge now. */
interface DueRoom {
  readonly reference: FhirReference;
  readonly convergeAt: Date;
}

/**
 * Takes the rooms that must converge by now, the longest overdue first. Their moment is removed, so enqueue their convergence in
 * the same transaction. A room that is locked by another transaction is left for the next pass.
 */
export async function takeDueRooms(db: Queryable, now: Date, limit: number): Promise<readonly DueRoom[]> {
  const sql = `with due as (
      select reference, converge_at from room where converge_at <= $1
      order by converge_at limit $2 for update skip locked
    )
    update room set converge_at = null from due where room.reference = due.reference
    returning due.reference, due.converge_at`;
  return select<DueRoom>(db, sql, [now, limit]);
}

/** The first moment at which a room must converge although no resource changes. */
export async function nextConvergeAt(db: Queryable): Promise<Date | undefined> {
  const [next] = await selectColumn<Date | null>(db, 'select min(converge_at) from room');
  return next ?? undefined;
}

/** Records the phase of a room. */
export async function savePhase(
  db: Queryable,
  reference: FhirReference,
  phase: RoomRow['phase'],
): Promise<void> {
  await db.query('update room set phase = $2 where reference = $1 and phase <> $2', [reference, phase]);
}

/** A room in the list of a space. */
interface ChildRoom {
  readonly roomId: RoomId;
  readonly number: number;
  readonly authoredAt: string | undefined;
}

/** The rooms of a team's conversations that belong in its space. */
export async function findChildRooms(db: Queryable, careTeam: FhirReference): Promise<readonly ChildRoom[]> {
  const sql = `select room_id, number, authored_at from room
    where care_team = $1 and room_id is not null and phase <> 'closed' order by reference`;
  return select<ChildRoom>(db, sql, [careTeam]);
}

/** Records whether a conversation is kept closed to its team. @returns whether that is news, and it is */
export async function saveKeptClosed(
  db: Queryable,
  reference: FhirReference,
  isKeptClosed: boolean,
): Promise<boolean> {
  const sql = 'update room set kept_closed = $2 where reference = $1 and kept_closed <> $2';
  return (await countRows(db, sql, [reference, isKeptClosed])) > 0 && isKeptClosed;
}

/** The conversations that are kept closed to a team. */
export async function findKeptClosed(
  db: Queryable,
  careTeam: FhirReference,
): Promise<readonly FhirReference[]> {
  const sql = 'select reference from room where care_team = $1 and kept_closed order by reference';
  return selectColumn<FhirReference>(db, sql, [careTeam]);
}

/** The conversations in the space of a team. */
export async function findConversationsIn(
  db: Queryable,
  careTeam: FhirReference,
): Promise<readonly FhirReference[]> {
  const sql = 'select reference from room where care_team = $1 and room_id is not null order by reference';
  return selectColumn<FhirReference>(db, sql, [careTeam]);
}

/** The rooms among these that belong, or once belonged, to a resource. */
export async function findBridgedRooms(
  db: Queryable,
  roomIds: readonly RoomId[],
): Promise<readonly RoomId[]> {
  const sql = `select room_id from room where room_id = any ($1)
    union select room_id from former_room where room_id = any ($1) and followed_at is not null`;
  return selectColumn<RoomId>(db, sql, [roomIds]);
}

/** The resources of those of these rooms that have one. */
export async function findReferences(
  db: Queryable,
  roomIds: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, FhirReference>> {
  const sql = 'select room_id, reference from room where room_id = any ($1)';
  const found = await select<{ roomId: RoomId; reference: FhirReference }>(db, sql, [roomIds]);
  return new Map(found.map(({ roomId, reference }) => [roomId, reference]));
}

/** Every resource that has a room, in order. */
export async function listRooms(db: Queryable): Promise<readonly RoomRow[]> {
  const order = `reference not like 'CareTeam/%', reference`;
  return select<RoomRow>(db, `select ${ROOM_COLUMNS} from room where room_id is not null order by ${order}`);
}
