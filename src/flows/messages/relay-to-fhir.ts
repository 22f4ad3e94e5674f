// A message was sent into a conversation's room → what its kind makes of it is written to the FHIR server.
import type { Fact } from '../../domain/facts.ts';
import type { ResourceVersion } from '../../domain/fhir.ts';
import { isMatrixUserId, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { noticeOfRefusal, type NoticeReason } from '../../domain/notices.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Author } from '../../messages/author.ts';
import type { MatrixInput, NotCarried, ReadEvent } from '../../messages/kind.ts';
import { readEvent, refsOf } from '../../messages/read.ts';
import { isEmptied, redactedBy } from '../../messages/relations.ts';
import type { Attempt, Item, NewItem } from '../../inbox/item.ts';
import type { Queryable } from '../../store/database.ts';
import type { RoomUse } from '../../store/room-uses.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { andNext, refused, type FlowOutcome } from '../outcome.ts';
import { EVENT_SOURCE } from '../items/event.ts';
import { readTasksItems } from '../items/read-tasks.ts';
import { releaseWaiting, takeTurn, waitFor, wouldOvertake } from '../items/waiting.ts';
import { personOf, type Recognising } from '../people/who-is.ts';
import { actingTeamOf } from './acting-team-of.ts';
import { boundedTime } from './conversation-begin.ts';
import { findAuthor } from './find-author.ts';
import { learnSenders } from './learn-senders.ts';
import { loadLinks, wasCarried } from './links.ts';
import { placeIn, type Place } from './place.ts';
import { mayRedact, wasRedactedBefore } from './redaction-power.ts';
import { removeRefused } from './remove-refused.ts';
import { tellSender } from './tell-sender.ts';
import { untilFollowed } from './until-followed.ts';
import { mayBecomeKnown } from './unknown-room.ts';
import { writeOnce, type Made } from './write-once.ts';
import { itemsOfWrittenOver } from './written-over.ts';

/** What the pipeline works with. */
export type RelayToFhir = Recognising &
  Pick<
    Bridge,
    | ('aspects' | 'files' | 'forgetPayload' | 'hasUnhandled' | 'kinds' | 'personInDirectory')
    | ('sending' | 'thread')
  >;

/** The item in which an event came. */
export interface EventSource extends Pick<Item, 'lane' | 'payload' | 'receivedAt'> {
  /** What it waited for in vain. */
  readonly gaveUpOn: readonly string[];
  /** Whether it has waited: then it has its turn. */
  readonly hasWaited: boolean;
}

/** After so long it is looked again whether a room is known. */
const UNKNOWN_ROOM_MS = 1_000;

/** Handles an event of a room that is no state. */
export async function relayToFhir(
  relay: RelayToFhir,
  event: MatrixEvent,
  source: EventSource,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { db, store, settings, clock } = relay;
  if (isOwnUser(settings, event.sender)) return { kind: 'ignored', reason: 'own-message' };
  const use = await store.roomUses.findRoomUse(db, event.room_id);
  const waits = await untilFollowed(relay, { event, source, use });
  if (waits !== undefined) return waits;
  const place = placeIn(use, event.room_id, settings);
  if (place === undefined) return notOfABridgedRoom(relay, { event, source, use }, attempt);
  const refs = refsOf(relay, { event, mayRedact: false });
  await learnSenders(relay, refs, place, attempt.signal);
  const { known, missing } = await loadLinks(store, db, refs, place);
  const { lane, payload, gaveUpOn } = source;
  // What is held may be so for long, and what changes it must not be lost meanwhile.
  const held = missing.length === 0 ? new Set() : await store.waitingItems.findHeld(db, missing);
  const awaited = missing.find((ref) => held.has(ref) || !gaveUpOn.includes(ref));
  if (awaited !== undefined) {
    const patienceMs = held.has(awaited) ? settings.holdForMs : settings.waitForTargetMs;
    const giveUpAt = new Date(clock.now().getTime() + patienceMs);
    const waiting = { about: event.event_id, lane, payload, giveUpAt };
    return waitFor(store, awaited, waiting, (tx) => wasCarried(store, tx, awaited, place));
  }
  const input = {
    event,
    mayRedact: await mayRedact(relay, { event, viewer: place.viewer }, known, attempt.signal),
  };
  const read = readEvent(relay, input, known);
  if (read === undefined) return { kind: 'ignored', reason: 'not-a-message' };
  if (read.ignored !== undefined) return notRead(relay, event, place, read.ignored);
  if (wasReplaced(use, event)) return notCarried(relay, event, place, ['room-replaced']);
  const links = await store.messageLinks.findLinks(db, { eventIds: [event.event_id] });
  const own = links.filter(({ eventId }) => eventId === event.event_id);
  if (own.length > 0 && own.every(({ completed }) => completed)) return { kind: 'ignored', reason: 'known' };
  const said = { event, viewer: place.viewer, links };
  if (!isEmptied(event) && (await wasRedactedBefore(relay, said, attempt.signal)))
    return relayToFhir(relay, emptied(event), source, attempt);
  if (await wasSaidBefore(relay, event, read)) return { kind: 'ignored', reason: 'known' };
  return write(relay, { source, input, place, read }, attempt);
}

/** Some things are said by two events at one time: the record is of the one that came first. */
async function wasSaidBefore(
  { db, store }: Pick<RelayToFhir, 'db' | 'store'>,
  { event_id: eventId, room_id: roomId, sender, origin_server_ts: ms }: MatrixEvent,
  { kind, sameWithinMs }: ReadEvent,
): Promise<boolean> {
  if (sameWithinMs === undefined) return false;
  const said = { eventId, roomId, sender, kind, sentAt: new Date(ms) };
  return store.messageLinks.wasSaidNear(db, said, sameWithinMs);
}

interface Incoming {
  readonly source: EventSource;
  readonly input: MatrixInput;
  readonly place: Place;
  readonly read: ReadEvent;
}

async function write(relay: RelayToFhir, incoming: Incoming, attempt: Attempt): Promise<FlowOutcome> {
  const { store, settings, metrics } = relay;
  const { input, place, read } = incoming;
  const { event } = input;
  const author = await findAuthor(relay, event, place, attempt.signal);
  const held = settings.unknownSender.as === 'hold' ? await hold(relay, incoming, author) : undefined;
  if (held !== undefined) return held;
  const { messages: options, sourceSystemExtension, profile } = settings;
  const writes = read.toFhir({
    ...{ event, author, options, sourceSystemExtension, profile, subject: place.subject },
    actingTeam: await actingTeamOf(relay, place.reference, author.person, attempt.signal),
    thread: relay.thread.link(place.reference),
    people: await mentionedPeople(relay, incoming, attempt.signal),
    sentAt: await boundedTime(relay, place.reference, event.origin_server_ts, attempt.signal),
  });
  const toldOf = read.notices(options);
  if (writes.length === 0) return notCarried(relay, event, place, toldOf);
  const made: Made[] = [];
  for (const [part, each] of writes.entries())
    made.push(
      await writeOnce(relay, { event, kind: read.kind, part, conversation: place.reference }, each, attempt),
    );
  const refusals = [...new Set(made.flatMap(({ refused: reasons }) => reasons))];
  await removeRefused(relay, event, place.viewer, refusals, attempt.signal);
  const isUnknown = author.person === undefined ? (['unmapped-sender'] as const) : [];
  const reasons = [...isUnknown, ...toldOf, ...refusals.map(noticeOfRefusal)];
  return {
    kind: 'done',
    facts: made.flatMap((one) => factsOf(one, input, author, place)),
    record: async (tx) => {
      for (const { key, version, isOwn, digest, copies } of made) {
        const communication = version.reference;
        await store.messageLinks.completeLink(tx, key, {
          ...{ communication, eventId: event.event_id, digest, sender: event.sender },
          since: version.versionId === '1' ? version.lastUpdated : undefined,
        });
        if (isOwn) await store.resourceVersions.recordWritten(tx, version);
        await store.fileCopies.removeCopies(tx, copies);
      }
      metrics.messages.inc({ direction: 'to-fhir' });
    },
    next: async (tx) => {
      const carried = [event.event_id, ...made.map(({ version }) => version.reference)];
      const notices = await tellSender(relay, tx, event, [...new Set(reasons)]);
      const isNew = made.some(({ fact }) => fact?.kind === 'created');
      const tasks = isNew ? readTasksItems(settings, place.reference, event.event_id) : [];
      const before: NewItem[] = [];
      for (const { writtenOver } of made)
        if (writtenOver !== undefined) before.push(...(await itemsOfWrittenOver(relay, tx, writtenOver)));
      const released = await releaseWaiting(store, tx, carried, event.event_id);
      return [...before, ...notices, ...tasks, ...released];
    },
  };
}

function factsOf(
  { fact, version: on, refused: refusals, provenance }: Made,
  { event }: MatrixInput,
  { person }: Author,
  { reference, subject }: Place,
): readonly Fact[] {
  const about = {
    ...{ by: { person, userId: event.sender }, at: event.origin_server_ts },
    ...{ subject, conversation: { reference } },
  };
  return [
    ...(fact === undefined ? [] : [{ ...fact, ...about }]),
    ...(provenance === undefined ? [] : [createdFact(provenance, about)]),
    ...refusals.map((reason): Fact => ({
      ...{ kind: 'refused', reason: `file-${reason}`, ...about },
      on: { reference: on.reference, versionId: on.versionId },
    })),
  ];
}

function createdFact(
  { reference, versionId }: ResourceVersion,
  { by, at, subject }: Pick<Fact, 'at' | 'by' | 'subject'>,
): Fact {
  return { kind: 'resource-created', on: { reference, versionId }, by, at, subject };
}

/**
 * Until FHIR knows the sender; and behind what was held of theirs until then.
 * @returns undefined where it goes on
 * @throws BridgeError `sender-unknown` where it was held for too long
 */
async function hold(
  relay: RelayToFhir,
  { input: { event }, source: { lane, payload, gaveUpOn, hasWaited } }: Incoming,
  { person }: Author,
): Promise<FlowOutcome | undefined> {
  const { clock, settings, store } = relay;
  const { sender, event_id: about } = event;
  const giveUpAt = new Date(clock.now().getTime() + settings.holdForMs);
  const item = { about, lane, payload, giveUpAt };
  if (person !== undefined)
    return (await wouldOvertake(relay, sender, { about, lane, hasWaited }))
      ? takeTurn(store, sender, item, `before ${about}`)
      : undefined;
  if (gaveUpOn.includes(sender)) throw new BridgeError('sender-unknown', 'held for too long');
  const isKnown = async (tx: Queryable): Promise<boolean> =>
    (await store.waitingItems.findKnownSenders(tx, [sender])).length > 0;
  return andNext(waitFor(store, sender, item, isKnown), (tx) =>
    tellSender(relay, tx, event, ['sender-held']),
  );
}

/** The persons of the members who are mentioned. A person who is not in the room is no recipient, though a sender mentions them. */
async function mentionedPeople(
  relay: RelayToFhir,
  { input, place }: Pick<Incoming, 'input' | 'place'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<MatrixUserId, FhirReference>> {
  const { aspects, db, store } = relay;
  const people = new Map<MatrixUserId, FhirReference>();
  const mentioned = new Set(aspects.flatMap((aspect) => aspect.people?.(input) ?? []));
  if (mentioned.size === 0) return people;
  const { base } = await store.roomMembers.readMembers(db, place.reference);
  for (const userId of mentioned) {
    if (!isMatrixUserId(userId) || !base.has(userId)) continue;
    const person = await personOf(relay, userId, place.reference, signal);
    if (person !== undefined) people.set(userId, person);
  }
  return people;
}

/** What is said in a room at which the bridge only looks, or that may become a conversation later, is not kept. */
async function notOfABridgedRoom(
  relay: RelayToFhir,
  { event, source, use }: { event: MatrixEvent; source: EventSource; use: RoomUse },
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const ignored = { kind: 'ignored', reason: 'not-a-conversation' } as const;
  const { event_id: eventId, room_id: roomId } = event;
  if (use.kind === 'none' && (await mayBecomeKnown(relay, roomId, source.receivedAt, signal)))
    return { kind: 'later', afterMs: UNKNOWN_ROOM_MS };
  if (use.kind !== 'none' && use.kind !== 'adopted' && use.kind !== 'awaited') return ignored;
  return { ...ignored, record: (tx) => relay.forgetPayload(tx, EVENT_SOURCE, eventId) };
}

/** Whether the conversation had gone on to another room when this was sent; what was sent before is recorded, however late. */
function wasReplaced(use: RoomUse, event: MatrixEvent): boolean {
  return use.kind === 'former' && event.origin_server_ts > use.followedAt.getTime();
}

/** A redaction whose message may still come is kept: its text must not come back with it. */
function notRead(
  { store }: Pick<RelayToFhir, 'store'>,
  event: MatrixEvent,
  { reference }: Place,
  reason: NotCarried,
): FlowOutcome {
  const { event_id: eventId, room_id: roomId, sender } = event;
  if (reason === 'not-the-author') return refused(reason, sender, reference);
  const target = reason === 'target-missing' ? redactedBy(event) : undefined;
  if (target === undefined) return { kind: 'ignored', reason };
  const redaction = { eventId, target, roomId, sender };
  return {
    ...{ kind: 'ignored', reason },
    record: (tx) => store.messageLinks.saveLateRedaction(tx, redaction),
  };
}

/** As the homeserver shows an event that was redacted. */
function emptied(event: MatrixEvent): MatrixEvent {
  return { ...event, content: {}, unsigned: { redacted_because: {} } };
}

function notCarried(
  relay: RelayToFhir,
  event: MatrixEvent,
  { reference }: Place,
  reasons: readonly NoticeReason[],
): FlowOutcome {
  const reason = reasons.includes('room-replaced') ? 'room-replaced' : 'unsupported-event';
  const ended = refused(reason, event.sender, reference);
  return { ...ended, next: (tx) => tellSender(relay, tx, event, reasons) };
}
