// A message was sent into a conversation's room → what its kind makes of it is written to the FHIR server.
import type { Fact } from '../../domain/facts.ts';
import { versionOf, type Communication, type ResourceVersion } from '../../domain/fhir.ts';
import { referenceTo, typeOf, type FhirReference } from '../../domain/ids.ts';
import type { NoticeReason } from '../../domain/notices.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { contentDigest, readEnvelope } from '../../messages/envelope.ts';
import type { FhirWrite } from '../../messages/effects.ts';
import type { ReadEvent } from '../../messages/kind.ts';
import { readEvent } from '../../messages/registry.ts';
import type { Attempt, Item } from '../../inbox/item.ts';
import type { LinkKey, NewLink } from '../../store/message-links.ts';
import type { RoomUse } from '../../store/room-uses.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import type { FlowOutcome } from '../outcome.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import { loadLinks, wasCarried } from './links.ts';
import { noticesFor } from './notice.ts';
import { releaseWaiting, waitFor } from '../items/waiting.ts';

/** What the pipeline works with. */
export type RelayToFhir = Pick<Bridge, 'db' | 'fhir' | 'kinds' | 'metrics' | 'settings' | 'store' | 'thread'>;

/**
 * Handles an event of a room that is no state.
 * @param item in which the event came, should it have to wait
 */
export async function relayToFhir(
  relay: RelayToFhir,
  event: MatrixEvent,
  item: Pick<Item, 'lane' | 'payload'>,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { db, store, settings } = relay;
  if (isOwnUser(settings, event.sender)) return { kind: 'ignored', reason: 'own-message' };
  const use = await store.roomUses.findRoomUse(db, event.room_id);
  if (!('room' in use) || typeOf(use.room.reference) !== 'CommunicationRequest')
    return { kind: 'ignored', reason: 'not-a-conversation' };
  const refs = relay.kinds.flatMap((kind) => kind.refs({ event }));
  const { known, missing } = await loadLinks(store, db, refs);
  const [awaited] = missing;
  if (awaited !== undefined) {
    const waiting = { about: event.event_id, lane: item.lane, payload: item.payload };
    return waitFor(store, awaited, waiting, (tx) => wasCarried(store, tx, awaited));
  }
  const read = readEvent(relay.kinds, { event }, known);
  if (read === undefined) return { kind: 'ignored', reason: 'not-a-message' };
  if (wasReplaced(use, event)) return notCarried(relay, event, ['room-replaced']);
  const links = await store.messageLinks.findLinks(db, { eventIds: [event.event_id] });
  if (links.length > 0 && links.every(({ completed }) => completed))
    return { kind: 'ignored', reason: 'known' };
  return write(relay, { event, room: use.room, read }, attempt);
}

interface Incoming {
  readonly event: MatrixEvent;
  readonly room: RoomRow;
  readonly read: ReadEvent;
}

async function write(relay: RelayToFhir, incoming: Incoming, attempt: Attempt): Promise<FlowOutcome> {
  const { db, store, settings, metrics } = relay;
  const { event, room, read } = incoming;
  const sender = await store.people.findPersonByUserId(db, event.sender);
  const writes = read.toFhir({
    event,
    sender,
    thread: relay.thread.link(room.reference),
    subject: room.subject,
    sourceSystemExtension: settings.sourceSystemExtension,
  });
  if (writes.length === 0) return notCarried(relay, event, read.notices);
  const made: Made[] = [];
  for (const [part, each] of writes.entries())
    made.push(await writeOnce(relay, incoming, { write: each, part }, attempt));
  const isUnknown = sender === undefined ? (['unmapped-sender'] as const) : [];
  const notices = await noticesFor(relay, toSenderOf(event), [...isUnknown, ...read.notices]);
  return {
    kind: 'done',
    facts: made.map(({ fact }): Fact => ({ ...fact, by: { person: sender, userId: event.sender } })),
    record: async (tx) => {
      for (const { key, version, digest } of made) {
        const communication = version.reference;
        await store.messageLinks.completeLink(tx, key, { communication, eventId: event.event_id, digest });
        await store.resourceVersions.recordWritten(tx, version);
      }
      metrics.messages.inc({ direction: 'to-fhir' });
    },
    next: async (tx) => {
      const carried = [event.event_id, ...made.map(({ version }) => version.reference)];
      return [...notices, ...(await releaseWaiting(store, tx, carried, event.event_id))];
    },
  };
}

/** A write that was made. */
interface Made {
  readonly key: LinkKey;
  readonly version: ResourceVersion;
  readonly digest: string;
  readonly fact: Omit<Extract<Fact, { kind: 'created' | 'changed' }>, 'by'>;
}

/** The link comes before the write: a reader that sees the new version first must find it here as the bridge's own. */
async function writeOnce(
  relay: RelayToFhir,
  { event, read }: Incoming,
  { write, part }: { readonly write: FhirWrite; readonly part: number },
  attempt: Attempt,
): Promise<Made> {
  const { db, store, thread, settings } = relay;
  const link: NewLink = {
    ...{ origin: 'matrix', cause: event.event_id, part, kind: read.kind },
    ...{ communication: ownReference(relay, write), eventId: event.event_id },
    ...{ target: write.kind === 'change' ? write.target : undefined, roomId: event.room_id },
  };
  await store.messageLinks.startLink(db, link);
  const { version, communication } = await effect(relay, write, attempt);
  const { deliverPreparation } = settings;
  return {
    key: link,
    version,
    digest: contentDigest(readEnvelope(communication, { thread, deliverPreparation })),
    fact: {
      kind: write.kind === 'create' ? 'created' : 'changed',
      on: { reference: version.reference, versionId: version.versionId },
      ...{ direction: 'to-fhir', roomId: event.room_id, eventId: event.event_id },
    },
  };
}

/** The Communication that is written, as far as its id is known before. */
function ownReference({ settings }: RelayToFhir, write: FhirWrite): FhirReference | undefined {
  if (write.kind === 'change') return write.reference;
  return settings.idStrategy === 'client-assigned'
    ? referenceTo('Communication', write.communication.id)
    : undefined;
}

async function effect(
  { fhir }: RelayToFhir,
  write: FhirWrite,
  { number, inDoubt, signal }: Attempt,
): Promise<{ readonly version: ResourceVersion; readonly communication: Communication }> {
  if (write.kind === 'create') {
    const { communication } = write;
    const mayExist = number > 1 || inDoubt;
    return { communication, version: await fhir.createOnce(communication, { mayExist, signal }) };
  }
  const before = await fhir.read(write.reference, signal);
  if (before?.resourceType !== 'Communication')
    throw new BridgeError('reference-missing', 'the Communication that is to be changed');
  const changed = write.apply(before);
  if (changed === undefined) return { communication: before, version: versionOf(before) };
  const version = await fhir.update({ ...changed, id: before.id, meta: before.meta }, signal);
  return { communication: changed, version };
}

/** Whether the conversation had gone on to another room when this was sent; what was sent before is recorded, however late. */
function wasReplaced(use: RoomUse, event: MatrixEvent): boolean {
  return use.kind === 'former' && event.origin_server_ts > use.followedAt.getTime();
}

async function notCarried(
  relay: RelayToFhir,
  event: MatrixEvent,
  reasons: readonly NoticeReason[],
): Promise<FlowOutcome> {
  const next = await noticesFor(relay, toSenderOf(event), reasons);
  const reason = reasons.includes('room-replaced') ? 'room-replaced' : 'unsupported-event';
  return { kind: 'ignored', reason, next };
}

function toSenderOf({ room_id: roomId, sender: about }: MatrixEvent) {
  return { roomId, about };
}
