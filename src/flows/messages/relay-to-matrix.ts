// A platform wrote a Communication → what its kind makes of it is sent into the conversation's room.
import type { Fact } from '../../domain/facts.ts';
import type { Communication } from '../../domain/fhir.ts';
import type { EventId, FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { communicationDeliveryId, uploadIdOf } from '../../mapping/delivery-ids.ts';
import { structureLane } from '../../mapping/lanes.ts';
import { contentDigest, readEnvelope, withEventId, type Envelope } from '../../messages/envelope.ts';
import type { FhirInput, MatrixContext, ReadCommunication } from '../../messages/kind.ts';
import { readCommunication, refsOf } from '../../messages/read.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Queryable } from '../../store/database.ts';
import type { LinkKey, MessageLink } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import { changeOf, type ChangeItem } from '../items/fhir-change.ts';
import type { IgnoredReason } from '../ignored-reasons.ts';
import type { FlowOutcome } from '../outcome.ts';
import { loadLinks, wasCarried } from './links.ts';
import { sendOnce, type SentOnce } from './send-once.ts';
import { senderBefore, speakerOf, type Conversation, type Speaking } from './speaker.ts';
import { reportFailure } from './undelivered.ts';
import { readTasksItems } from '../items/read-tasks.ts';
import { releaseWaiting, waitFor } from '../items/waiting.ts';

/** What the pipeline works with. */
export type RelayToMatrix = Speaking &
  Pick<Bridge, 'aspects' | 'files' | 'kinds' | 'metrics' | 'sending' | 'thread'>;

/** Handles a Communication that was created or updated. */
export async function relayToMatrix(
  relay: RelayToMatrix,
  { reference, gaveUpOn = [] }: Pick<ChangeItem, 'gaveUpOn' | 'reference'>,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { db, store, thread, settings, clock } = relay;
  const { signal } = attempt;
  const communication = await relay.fhir.read(reference, signal);
  if (communication?.resourceType !== 'Communication') return { kind: 'ignored', reason: 'gone' };
  const envelope = readEnvelope(communication, { thread, ...settings });
  const links = await store.messageLinks.findLinksOfCommunication(db, reference, envelope.eventId);
  if (links.some(({ origin, completed }) => origin === 'matrix' && !completed))
    return { kind: 'ignored', reason: 'own-write' };
  const carried = links.filter(({ completed }) => completed);
  if (carried.at(-1)?.digest === contentDigest(envelope)) return { kind: 'ignored', reason: 'unchanged' };
  if (carried.length === 0 && !envelope.deliverable)
    return { kind: 'ignored', reason: notSentBecause(communication) };
  const input = { communication, envelope };
  const { known, missing } = await loadLinks(store, db, refsOf(relay, input));
  const read = readCommunication(relay, input, carried, known);
  if (read === undefined)
    return { kind: 'ignored', reason: carried.length > 0 ? 'edit-not-carried' : 'empty' };
  const request = envelope.thread;
  if (request === undefined) return { kind: 'ignored', reason: 'no-conversation' };
  const awaited = missing.find((ref) => !gaveUpOn.includes(ref));
  if (awaited !== undefined) {
    const giveUpAt = new Date(clock.now().getTime() + settings.waitForTargetMs);
    const item = { ...waiting(request, communication), giveUpAt };
    return waitFor(store, awaited, item, (tx) => wasCarried(store, tx, awaited));
  }
  const conversation = await conversationOf(relay, request, signal);
  if (conversation === undefined) {
    // A resync may open it meanwhile, outside this lane.
    const isOpen = async (tx: Queryable): Promise<boolean> =>
      (await store.rooms.findRoom(tx, request))?.ready === true;
    return waitFor(store, request, waiting(request, communication), isOpen);
  }
  if (conversation.phase === 'closed' && read.kind !== 'retraction')
    return { kind: 'ignored', reason: 'closed' };
  const before = senderBefore(carried);
  return send(relay, { reference, input, request, carried, conversation, read, before }, attempt);
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
  readonly sender: MatrixUserId;
}

interface Outgoing {
  readonly reference: FhirReference;
  readonly input: FhirInput & { readonly communication: StoredResource<Communication> };
  readonly carried: readonly MessageLink[];
  readonly request: FhirReference;
  readonly conversation: Conversation;
  readonly read: ReadCommunication;
  readonly before: MatrixUserId | undefined;
}

async function send(relay: RelayToMatrix, outgoing: Outgoing, { signal }: Attempt): Promise<FlowOutcome> {
  const { store, metrics } = relay;
  const { reference, request, input, carried, conversation, read, before } = outgoing;
  const { communication, envelope } = input;
  const { as, relayedFor } = await speakerOf(relay, outgoing, signal);
  const isSameSender = before === as;
  const isNew = carried.length === 0;
  // The first sending is that of the Communication, whichever version is read by the time of a retry.
  const cause = isNew ? reference : `${reference}/_history/${communication.meta.versionId}`;
  const sent: Sent[] = [];
  const timestamp = isNew ? timeOf(relay, envelope) : undefined;
  const context = { relayedFor, isSameSender, ...(await contextOf(relay, input)) };
  for (const [part, each] of read.toMatrix(context).entries()) {
    const key = { cause, part };
    const { roomId } = conversation;
    const by = each.by === 'bot' ? relay.settings.bot : as;
    const one = { ...key, communication: reference, kind: read.kind, roomId, as: by, timestamp };
    sent.push({ key, sender: by, ...(await sendOnce(relay, one, each, signal)) });
  }
  const [first] = sent;
  const written =
    isNew && first !== undefined ? await writeBack(relay, communication, first.eventId, signal) : undefined;
  const lost = read.lost ?? (sent.some(({ isRefused }) => isRefused) ? ('content-lost' as const) : undefined);
  const versionId = written?.versionId ?? communication.meta.versionId;
  return {
    kind: 'done',
    facts: sent.map(({ eventId }): Fact => ({
      kind: isNew ? 'created' : read.kind === 'retraction' ? 'retracted' : 'changed',
      ...{ on: { reference, versionId }, by: { person: envelope.sender, userId: as } },
      ...{ direction: 'to-matrix', roomId: conversation.roomId, eventId, subject: conversation.subject },
      conversation: envelope.thread && { reference: envelope.thread },
    })),
    record: async (tx) => {
      const digest = contentDigest(envelope);
      for (const { key, eventId, sender } of sent)
        await store.messageLinks.completeLink(tx, key, { communication: reference, eventId, digest, sender });
      const uploads = sent.map(({ key }) => uploadIdOf(communicationDeliveryId(key.cause, key.part)));
      await store.fileCopies.removeCopies(tx, uploads);
      if (written !== undefined) await store.resourceVersions.recordWritten(tx, written);
      metrics.messages.inc({ direction: 'to-matrix' });
    },
    next: async (tx) => [
      ...(lost === undefined
        ? []
        : await reportFailure(relay, tx, { communication: reference, cause }, lost)),
      ...(isNew ? readTasksItems(relay.settings, request, cause) : []),
      ...(await releaseWaiting(store, tx, [reference, ...sent.map(({ eventId }) => eventId)], cause)),
    ],
  };
}

/** The platform says when it was, and may be wrong: no message was sent in the future. */
function timeOf({ clock }: Pick<RelayToMatrix, 'clock'>, { sentAt }: Envelope): number | undefined {
  return sentAt === undefined ? undefined : Math.min(sentAt, clock.now().getTime());
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
  request: FhirReference,
  signal: AbortSignal,
): Promise<Conversation | undefined> {
  const room = await relay.store.rooms.findRoom(relay.db, request);
  if (room?.ready === true && room.roomId !== undefined) {
    const { roomId, phase, subject } = room;
    return { roomId, phase, subject };
  }
  return relay.openConversation(request, signal);
}

function waiting(request: FhirReference, { id, meta }: StoredResource) {
  const payload = changeOf('Communication', { id, meta });
  return { about: payload.reference, lane: structureLane(request), payload };
}

/** Adds the event id to the Communication's identifiers, in the version that was read. */
async function writeBack(
  { fhir }: RelayToMatrix,
  communication: StoredResource<Communication>,
  eventId: EventId,
  signal: AbortSignal,
) {
  const updated = withEventId(communication, eventId);
  if (updated === undefined) return undefined;
  return fhir.update({ ...updated, id: communication.id, meta: communication.meta }, signal);
}
