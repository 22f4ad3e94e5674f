// A platform wrote a Communication → what its kind makes of it is sent into the conversation's room.
import type { Fact } from '../../domain/facts.ts';
import { versionOf, type Communication } from '../../domain/fhir.ts';
import {
  referenceTo,
  type EventId,
  type FhirReference,
  type MatrixUserId,
  type RoomId,
} from '../../domain/ids.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { MatrixSend } from '../../messages/effects.ts';
import { communicationDeliveryId, uploadIdOf } from '../../mapping/delivery-ids.ts';
import { contentDigest, readEnvelope, type Envelope } from '../../messages/envelope.ts';
import type { FhirInput, KindName, MatrixContext, ReadCommunication } from '../../messages/kind.ts';
import { readCommunication, refsOf } from '../../messages/read.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { LinkKey, MessageLink } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import type { IgnoredReason } from '../ignored-reasons.ts';
import { changeOf, type ChangeItem } from '../items/fhir-change.ts';
import type { DeletionItem } from '../items/fhir-deletion.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { firstStamp } from '../first-stamp.ts';
import type { FlowOutcome } from '../outcome.ts';
import { findCarried, type Carried } from './carried.ts';
import { boundedTime } from './conversation-begin.ts';
import { findRoomOfMessage, type ConversationRoom } from './conversation-room.ts';
import { readDocuments } from './documents.ts';
import { causeOf, detachFormerLinks } from './former-links.ts';
import { finishBegun } from './finish-begun.ts';
import { loadLinks } from './links.ts';
import { lookBack } from './look-back.ts';
import { unlessGone } from './unless-gone.ts';
import { wasReadTooEarly } from './read-too-early.ts';
import { saysTheSame } from './says-the-same.ts';
import { sendOnce, type SentOnce } from './send-once.ts';
import { senderBefore, speakerOf, type Conversation, type Speaking } from './speaker.ts';
import { reportFailure } from './undelivered.ts';
import { untilCarried, untilOpen, untilTheirTurn, untilWritten } from './wait-to-send.ts';
import { readTasksItems } from '../items/read-tasks.ts';

/** What the pipeline works with. */
export type RelayToMatrix = Speaking &
  Pick<
    Bridge,
    | (
        | 'aspects'
        | 'enqueue'
        | 'files'
        | 'hasUnhandled'
        | 'homeserver'
        | 'kinds'
        | 'log'
        | 'metrics'
        | 'sending'
      )
    | ('thread' | 'transact')
  >;

/** The item in which a version came. */
interface VersionSource {
  readonly payload: ChangeItem | DeletionItem;
  /** What it waited for in vain. */
  readonly gaveUpOn: readonly string[];
  /** Whether it has waited: then it has its turn. */
  readonly hasWaited: boolean;
}

/** A record that changed while it was being read is looked at again after so long. */
const READ_AGAIN_MS = 100;

type Change = Pick<ChangeItem, 'gaveUpOn' | 'reference'> & Pick<VersionSource, 'hasWaited'>;

/** Handles a Communication that was created or updated. */
export async function relayToMatrix(
  relay: RelayToMatrix,
  { reference, gaveUpOn = [], hasWaited }: Change,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const communication = await relay.fhir.read(reference, attempt.signal);
  if (communication?.resourceType !== 'Communication')
    return (await finishBegun(relay, reference, undefined, attempt)) ?? { kind: 'ignored', reason: 'gone' };
  const payload = changeOf('Communication', communication);
  return relayVersion(relay, communication, { payload, gaveUpOn, hasWaited }, attempt);
}

/** Handles a version of a Communication. */
export async function relayVersion(
  relay: RelayToMatrix,
  communication: StoredResource<Communication>,
  source: VersionSource,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { db, store, thread, settings } = relay;
  const { payload, gaveUpOn, hasWaited } = source;
  const reference = referenceTo('Communication', communication.id);
  const envelope = readEnvelope(communication, { thread, ...settings });
  await detachFormerLinks(relay, communication, attempt.signal);
  const found = await findCarried(relay, db, reference, envelope);
  if (found.isBeingWritten && !gaveUpOn.includes(reference)) return untilWritten(relay, payload, envelope);
  const finished = found.isBegun ? await finishBegun(relay, reference, envelope, attempt) : undefined;
  if (finished !== undefined) return finished;
  const version = { communication, envelope, carried: found, payload, gaveUpOn };
  const before = await lookBack(relay, version, attempt.signal);
  if (before === 'linked') return relayVersion(relay, communication, source, attempt);
  if (before !== undefined) return before;
  const reason = reasonToSkip(found, envelope, communication);
  if (reason !== undefined) return { kind: 'ignored', reason };
  const { links: carried, begunDigest } = found;
  const documents = await readDocuments(relay, communication.payload, attempt.signal);
  const input = { communication, envelope, documents };
  const room = await findRoomOfMessage(store, db, envelope.thread, carried);
  const { known, missing } = await loadLinks(store, db, refsOf(relay, input), room);
  const read = readCommunication(relay, input, carried, known);
  if (read === undefined)
    return { kind: 'ignored', reason: carried.length > 0 ? 'edit-not-carried' : 'empty' };
  const isRetraction = read.kind === 'retraction';
  const request = envelope.thread ?? (isRetraction ? room?.reference : undefined);
  if (request === undefined) return { kind: 'ignored', reason: 'no-conversation' };
  // What is retracted is taken out of the room, whoever may read there, and before what waits for it.
  if (room?.unsafe === true && !isRetraction) return untilOpen(relay, payload, request);
  const conversation = await conversationOf(relay, room, request, attempt.signal);
  if (conversation === undefined) return untilOpen(relay, payload, request);
  const untilTurn = isRetraction ? undefined : await untilTheirTurn(relay, payload, request, hasWaited);
  if (untilTurn !== undefined) return untilTurn;
  const awaited = missing.find((ref) => carried.length === 0 && !gaveUpOn.includes(ref));
  if (awaited !== undefined) return untilCarried(relay, payload, request, awaited);
  if (conversation.phase === 'closed' && !isRetraction) return { kind: 'ignored', reason: 'closed' };
  if (carried.length > 0 && (await wasReadTooEarly(relay, communication, attempt.signal)))
    return { kind: 'later', afterMs: READ_AGAIN_MS };
  const outgoing = { reference, request, input, carried, begunDigest, conversation, read };
  return unlessGone(relay, outgoing, attempt.signal, () =>
    send(relay, { ...outgoing, before: senderBefore(carried) }, attempt),
  );
}

function reasonToSkip(
  { links, isCopy }: Carried,
  envelope: Envelope,
  communication: Communication,
): IgnoredReason | undefined {
  if (links.length > 0) return saysTheSame(links, envelope) ? 'unchanged' : undefined;
  if (isCopy) return 'known';
  return envelope.deliverable ? undefined : notSentBecause(communication);
}

function notSentBecause({ status }: Communication): IgnoredReason {
  switch (status) {
    case 'preparation':
      return 'draft';
    case 'entered-in-error':
      return 'withdrawn';
    default:
      return 'status';
  }
}

/** A send that was made. */
interface Sent extends SentOnce {
  readonly key: LinkKey;
}

interface Outgoing {
  readonly reference: FhirReference;
  readonly request: FhirReference;
  readonly input: FhirInput & { readonly communication: StoredResource<Communication> };
  readonly carried: readonly MessageLink[];
  readonly begunDigest: string | undefined;
  readonly conversation: Conversation;
  readonly read: ReadCommunication;
  readonly before: MatrixUserId | undefined;
}

async function send(relay: RelayToMatrix, outgoing: Outgoing, { signal }: Attempt): Promise<FlowOutcome> {
  const { store, metrics, settings } = relay;
  const { reference, request, input, carried, begunDigest, conversation, read, before } = outgoing;
  const { communication, envelope } = input;
  const { roomId, guests: [viewer = settings.bot] = [] } = conversation;
  // What is retracted, each event's own sender redacts.
  const { as, relayedFor } =
    read.kind === 'retraction'
      ? { as: viewer, relayedFor: undefined }
      : await speakerOf(relay, outgoing, signal);
  const isSameSender = (before ?? as) === as;
  const isNew = carried.length === 0;
  // The first sending is that of the Communication, whichever version is read by the time of a retry.
  const plain = isNew ? reference : `${reference}/_history/${communication.meta.versionId}`;
  const since = isNew ? await firstStamp(relay, versionOf(communication), signal) : undefined;
  const cause = await causeOf(relay, plain, since ?? communication.meta.lastUpdated);
  const digest = contentDigest(envelope);
  const sent: Sent[] = [];
  const uploads: string[] = [];
  const timestamp = isNew ? await timeOf(relay, outgoing, signal) : undefined;
  const writtenAt = new Date(communication.meta.lastUpdated);
  const context = { relayedFor, roomId, isSameSender, ...(await contextOf(relay, input)) };
  for (const [part, each] of read.toMatrix(context).entries()) {
    const key = { cause, part };
    const by = { as: each.by === 'bot' ? settings.bot : as, roomId };
    const place = each.kind === 'redact' ? whereSent(relay, each.eventId, carried, { ...by, viewer }) : by;
    const deliveryId = communicationDeliveryId(cause, part);
    const of = { ...key, deliveryId, communication: reference, kind: kindOf(each, read) };
    // A change has a delivery id of its own version.
    const mayHaveSent = isNew ? { begunDigest } : {};
    const delivery = { ...of, ...place, ...mayHaveSent, viewer, timestamp, writtenAt, digest };
    sent.push({ key, ...(await sendOnce(relay, delivery, each, signal)) });
    if (each.kind === 'send' && each.file !== undefined) uploads.push(uploadIdOf(deliveryId));
  }
  const [first] = sent;
  const lost = read.lost ?? (sent.some(({ isRefused }) => isRefused) ? ('content-lost' as const) : undefined);
  const { versionId } = communication.meta;
  return {
    kind: 'done',
    facts: sent.map(({ eventId, sender }): Fact => ({
      kind: isNew ? 'created' : read.kind === 'retraction' ? 'retracted' : 'changed',
      ...{ on: { reference, versionId }, by: { person: envelope.sender, userId: sender } },
      ...{ direction: 'to-matrix', roomId, eventId, subject: conversation.subject },
      conversation: envelope.thread && { reference: envelope.thread },
    })),
    record: async (tx) => {
      const made = { communication: reference, since };
      for (const { key, eventId, sender, digest: said } of sent)
        await store.messageLinks.completeLink(tx, key, { ...made, eventId, sender, digest: said });
      if (isNew && first !== undefined)
        await store.writeBacks.saveWriteBack(tx, { reference, eventId: first.eventId });
      await store.fileCopies.removeCopies(tx, uploads);
      metrics.messages.inc({ direction: 'to-matrix' });
    },
    next: async (tx) => [
      ...(lost === undefined ? [] : await reportFailure(relay, tx, { message: reference, cause }, lost)),
      ...(isNew ? readTasksItems(relay.settings, request, cause) : []),
      ...(await releaseWaiting(store, tx, [reference, ...sent.map(({ eventId }) => eventId)], cause)),
    ],
  };
}

/** What a message is redacted for is its retraction, also where a new one takes its place. */
function kindOf({ kind }: MatrixSend, read: ReadCommunication): KindName {
  return kind === 'redact' ? 'retraction' : read.kind;
}

/** An event is redacted in its own room, by the ghost that sent it; one of a user by the bot, or a guest in its place. */
function whereSent(
  { settings }: Pick<RelayToMatrix, 'settings'>,
  eventId: EventId,
  carried: readonly MessageLink[],
  otherwise: { readonly as: MatrixUserId; readonly roomId: RoomId; readonly viewer: MatrixUserId },
): { readonly as: MatrixUserId; readonly roomId: RoomId } {
  const link = carried.find((each) => each.eventId === eventId);
  if (link === undefined) return { as: otherwise.as, roomId: otherwise.roomId };
  const { roomId, sender = otherwise.as, origin } = link;
  return { as: origin === 'fhir' && isOwnUser(settings, sender) ? sender : otherwise.viewer, roomId };
}

/** The platform says when it was, and may be wrong. */
async function timeOf(
  relay: RelayToMatrix,
  { input, request }: Pick<Outgoing, 'input' | 'request'>,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { sentAt } = input.envelope;
  return sentAt === undefined ? undefined : boundedTime(relay, request, sentAt, signal);
}

async function contextOf(
  { aspects, db, settings, store }: RelayToMatrix,
  input: FhirInput,
): Promise<Pick<MatrixContext, 'accounts' | 'options'>> {
  const named = aspects.flatMap((aspect) => aspect.people?.(input) ?? []);
  const people = await store.people.findPeople(db, named.filter(isReference));
  return {
    options: settings.messages,
    accounts: new Map([...people].map(([reference, { userId }]) => [reference, userId])),
  };
}

function isReference(named: FhirReference | MatrixUserId): named is FhirReference {
  return !named.startsWith('@');
}

async function conversationOf(
  relay: RelayToMatrix,
  room: ConversationRoom | undefined,
  request: FhirReference,
  signal: AbortSignal,
): Promise<Conversation | undefined> {
  if (room?.ready === true && room.roomId !== undefined) {
    const { roomId, phase, subject, guests } = room;
    return { roomId, phase, subject, ...(guests && { guests }) };
  }
  return relay.openConversation(request, signal);
}
