// The table of links: which Matrix event and which Communication are the same message, or the same change of one.
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import { countRows, select, selectColumn, selectFirst, type Queryable } from './database.ts';

/** The cause of an effect, and the number of the effect among those of its cause. The pair is unique. */
export interface LinkKey {
  /** An event id, a Communication, or a version of one. */
  readonly cause: string;
  /** 0 for the first effect. */
  readonly part: number;
}

/** An effect that is under way or complete. */
export interface MessageLink extends LinkKey {
  readonly origin: 'matrix' | 'fhir';
  readonly kind: string;
  readonly communication: FhirReference | undefined;
  readonly eventId: EventId | undefined;
  readonly target: EventId | undefined;
  /** Who sent the event, and when by its own server; undefined where it is not known. */
  readonly sender: MatrixUserId | undefined;
  readonly sentAt: Date | undefined;
  readonly threadRoot: EventId | undefined;
  readonly roomId: RoomId;
  readonly digest: string | undefined;
  readonly startedAt: Date;
  readonly completed: boolean;
}

/** The part of a link that is known before the effect is made. */
export type NewLink = Omit<MessageLink, 'digest' | 'startedAt' | 'completed'>;

/** What is known once the effect was made. */
export interface MadeEffect {
  readonly communication: FhirReference;
  readonly eventId: EventId;
  readonly digest: string | undefined;
  /** Who sent the event in the end. */
  readonly sender: MatrixUserId;
  /** The stamp of the Communication's first version, where it is known. */
  readonly since?: string | undefined;
}

const COLUMNS = `origin, cause, part, kind, communication, event_id, target, sender, sent_at, thread_root, room_id,
  digest, started_at, completed_at is not null as completed`;

/**
 * The links of these events and Communications, oldest first; with an event come the message that it changes and all its
 * changes, and their changes in turn. Reactions come only by their own event: a message may have any number of them.
 */
export async function findLinks(
  db: Queryable,
  of: { readonly eventIds?: readonly EventId[]; readonly communications?: readonly FhirReference[] },
): Promise<readonly MessageLink[]> {
  const sql = `with recursive related (event_id) as (
      select unnest($1::text[])
      union
      select other.event_id from related
      join message_link link on link.event_id = related.event_id
        or (link.target = related.event_id and link.kind <> 'reaction')
      cross join lateral (values (link.event_id), (link.target)) as other (event_id)
      where other.event_id is not null
    )
    select ${COLUMNS} from message_link
    where communication = any ($2) or event_id in (select event_id from related) order by id`;
  return select<MessageLink>(db, sql, [of.eventIds ?? [], of.communications ?? []]);
}

/** Those of these Communications, by reference, and of these events of which something was carried, or is about to be. */
export async function findLinked(
  db: Queryable,
  communications: readonly FhirReference[],
  eventIds: readonly EventId[],
): Promise<ReadonlySet<FhirReference | EventId>> {
  const sql = `select communication from message_link where communication = any ($1)
    union select event_id from message_link where event_id = any ($2)`;
  return new Set(await selectColumn<FhirReference | EventId>(db, sql, [communications, eventIds]));
}

/** An event that a user of the bridge sent. */
export interface SentEvent {
  /** The number of its link, as text. */
  readonly id: string;
  readonly eventId: EventId;
  readonly sender: MatrixUserId;
}

/** The events that these users sent into a room, oldest first. @param after the link up to which they are known */
export async function findSentBy(
  db: Queryable,
  roomId: RoomId,
  senders: readonly MatrixUserId[],
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<readonly SentEvent[]> {
  const sql = `select id::text, event_id, sender from message_link
    where room_id = $1 and sender = any ($2) and id > $3::bigint and event_id is not null and completed_at is not null
    order by id limit $4`;
  return select<SentEvent>(db, sql, [roomId, senders, after, limit]);
}

/** Those of these events, messages that users sent into a room, of which it is not known who: links of an earlier version. */
export async function findSenderless(
  db: Queryable,
  roomId: RoomId,
  eventIds: readonly EventId[],
): Promise<readonly EventId[]> {
  const sql = `select distinct event_id from message_link
    where event_id = any ($2) and room_id = $1 and origin = 'matrix' and sender is null and completed_at is not null`;
  return selectColumn<EventId>(db, sql, [roomId, eventIds]);
}

/** Records who sent an event, where it is not known. */
export async function saveSender(db: Queryable, eventId: EventId, sender: MatrixUserId): Promise<void> {
  await db.query('update message_link set sender = $2 where event_id = $1 and sender is null', [
    eventId,
    sender,
  ]);
}

/** The conversation in whose room each of these Communications was carried last, and by which link; those that never were are left out. */
export async function findConversations(
  db: Queryable,
  communications: readonly FhirReference[],
): Promise<ReadonlyMap<FhirReference, { readonly conversation: FhirReference; readonly linkId: string }>> {
  const sql = `select distinct on (communication) communication, conversation, id::text as link_id
    from message_link
    join (
      select room_id, reference from room
      union all select room_id, reference from former_room
      union all select room_id, request from invitation
    ) as known (room_id, conversation) using (room_id)
    where communication = any ($1) and conversation is not null
    order by communication, id desc`;
  const found = await select<{ communication: FhirReference; conversation: FhirReference; linkId: string }>(
    db,
    sql,
    [communications],
  );
  return new Map(found.map(({ communication, ...carried }) => [communication, carried]));
}

/**
 * The links of a Communication, its own last. They are found by its reference, or by the event id among its identifiers: if the
 * server chooses the ids, the reference is unknown until it answers. A link of another Communication with that event id does not
 * count, because anyone may have copied the identifier.
 */
export async function findLinksOfCommunication(
  db: Queryable,
  communication: FhirReference,
  eventId: EventId | undefined,
): Promise<readonly MessageLink[]> {
  const sql = `select ${COLUMNS} from message_link
    where communication = $1 or (event_id = $2 and (communication is null or origin = 'matrix'))
    order by coalesce(communication = $1, false), id`;
  return select<MessageLink>(db, sql, [communication, eventId]);
}

/** What is known of the first attempt at an effect. */
export interface BegunLink extends Pick<MessageLink, 'eventId' | 'sender' | 'startedAt'> {
  /** This database was restored: what the bridge did before then it may have done without knowing. */
  readonly doubtBefore: Date | undefined;
}

/**
 * Records, before an effect is made, that the bridge is about to make it.
 * @returns when and as whom the first attempt was made, and the event where one was sent into this room
 */
export async function startLink(
  db: Queryable,
  link: NewLink & Partial<Pick<MessageLink, 'digest'>>,
): Promise<BegunLink> {
  const begun = await selectFirst<BegunLink>(
    db,
    `insert into message_link
       (origin, cause, part, kind, communication, event_id, target, room_id, sender, sent_at, thread_root, digest)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (cause, part) do update set
       digest = case
         when message_link.room_id = excluded.room_id and message_link.event_id is not null then message_link.digest
         else excluded.digest end,
       event_id = case when message_link.room_id = excluded.room_id then message_link.event_id else excluded.event_id end,
       room_id = excluded.room_id
     returning event_id, sender, started_at,
       (select noticed_at from restoration where what = 'database') as doubt_before`,
    [
      ...[link.origin, link.cause, link.part, link.kind],
      ...[link.communication, link.eventId, link.target, link.roomId],
      ...[link.sender, link.sentAt, link.threadRoot, link.digest],
    ],
  );
  if (begun === undefined) throw new Error('An upsert of a link returned no row');
  return begun;
}

/** Records the event of a send at once: whatever comes between now and the end of the item, it is not sent again. */
export async function saveSent(
  db: Queryable,
  { cause, part }: LinkKey,
  { eventId, sender, digest }: Pick<MadeEffect, 'digest' | 'eventId' | 'sender'>,
): Promise<void> {
  const sql =
    'update message_link set event_id = $3, sender = $4, digest = $5 where cause = $1 and part = $2';
  await db.query(sql, [cause, part, eventId, sender, digest]);
}

/** Records that an effect was made; runs in the transaction that takes the item off its lane. */
export async function completeLink(db: Queryable, { cause, part }: LinkKey, made: MadeEffect): Promise<void> {
  const sql = `update message_link set communication = $3, event_id = $4, digest = $5, sender = $6,
      communication_since = coalesce($7, communication_since), completed_at = now()
    where cause = $1 and part = $2`;
  const { communication, eventId, digest, sender, since } = made;
  await db.query(sql, [cause, part, communication, eventId, digest, sender, since]);
}

/** Whether a message of this kind was carried for the same sender in the same room at nearly the same time. */
export async function wasSaidNear(
  db: Queryable,
  {
    roomId,
    kind,
    sender,
    sentAt,
    eventId,
  }: Pick<NewLink, 'eventId' | 'kind' | 'roomId' | 'sender' | 'sentAt'>,
  withinMs: number,
): Promise<boolean> {
  const sql = `select from message_link
    where room_id = $1 and kind = $2 and sender = $3 and event_id <> $4 and target is null and completed_at is not null
      and sent_at between $5::timestamptz - $6 * interval '1 ms' and $5::timestamptz + $6 * interval '1 ms' limit 1`;
  return (await countRows(db, sql, [roomId, kind, sender, eventId, sentAt, withinMs])) > 0;
}

/** A redaction of a message that was not found in time. */
export interface LateRedaction {
  readonly eventId: EventId;
  readonly target: EventId;
  readonly roomId: RoomId;
  readonly sender: MatrixUserId;
}

/** The kind of its link: it changed nothing yet. */
const LATE_REDACTION = 'late-redaction';

/** Keeps it, should the message still come: one that is held, or a dead letter that is tried again. */
export async function saveLateRedaction(
  db: Queryable,
  { eventId, target, roomId, sender }: LateRedaction,
): Promise<void> {
  const sql = `insert into message_link (origin, cause, kind, event_id, target, room_id, sender, completed_at)
    values ('matrix', $1, $2, $1, $3, $4, $5, now()) on conflict do nothing`;
  await db.query(sql, [eventId, LATE_REDACTION, target, roomId, sender]);
}

/** Who redacted a message before it came. @param links those of the message, as `findLinks` finds them */
export function earlyRedactors(
  links: readonly Pick<MessageLink, 'kind' | 'roomId' | 'sender' | 'target'>[],
  target: EventId,
  roomId: RoomId,
): readonly MatrixUserId[] {
  return links.flatMap((link) =>
    link.kind === LATE_REDACTION &&
    link.target === target &&
    link.roomId === roomId &&
    link.sender !== undefined
      ? [link.sender]
      : [],
  );
}

/** An event of the bridge that no Communication records: a notice, or a part of what a CommunicationRequest says first. */
export interface Unrecorded extends LinkKey {
  readonly kind: string;
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly sender: MatrixUserId;
}

/** Records such an event, so that what refers to it does not wait for a record of it. */
export async function saveUnrecorded(
  db: Queryable,
  { cause, part, kind, eventId, roomId, sender }: Unrecorded,
): Promise<void> {
  const sql = `insert into message_link (origin, cause, part, kind, event_id, room_id, sender, completed_at)
    values ('fhir', $1, $2, $3, $4, $5, $6, now())
    on conflict (cause, part) do update set
      event_id = excluded.event_id, room_id = excluded.room_id, sender = excluded.sender, completed_at = now()`;
  await db.query(sql, [cause, part, kind, eventId, roomId, sender]);
}
