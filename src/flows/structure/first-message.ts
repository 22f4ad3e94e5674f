// What a CommunicationRequest itself says is said first in its room.
import type { Fact } from '../../domain/facts.ts';
import type { Communication } from '../../domain/fhir.ts';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import type { UndeliveredReason } from '../../domain/undelivered.ts';
import { firstMessageDeliveryId, uploadIdOf } from '../../mapping/delivery-ids.ts';
import { readEnvelope } from '../../messages/envelope.ts';
import { FIRST_MESSAGE, NOTHING_KNOWN, type ReadCommunication } from '../../messages/kind.ts';
import { readCommunication } from '../../messages/read.ts';
import type { Bridge } from '../bridge.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { readDocuments } from '../messages/documents.ts';
import { sendOnce, type SentOnce } from '../messages/send-once.ts';
import { reportFailure } from '../messages/undelivered.ts';
import { senderGhostFor } from '../people/sender-ghost.ts';
import type { FirstMessage } from './definition.ts';
import type { RoomPlan } from './plan-room.ts';

interface Planned extends Pick<RoomPlan, 'row'> {
  readonly spec: Pick<RoomPlan['spec'], 'firstMessage' | 'reference' | 'subject' | 'versionId'>;
}

/** Sends all of it, in order, unless that was done. What was sent is told in the transaction that records it. */
export async function sendFirstMessage(
  bridge: Bridge,
  { spec: { reference, versionId, subject, firstMessage }, row }: Planned,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<void> {
  if (firstMessage === undefined || row?.firstMessageEventId !== undefined) return;
  const { author, sentAt } = firstMessage;
  const timestamp = sentAt === undefined ? undefined : Math.min(sentAt, bridge.clock.now().getTime());
  const { messages: options, platformName } = bridge.settings;
  const relayedFor = author === undefined ? platformName : undefined;
  const context = { relayedFor, isSameSender: true, roomId, options, accounts: new Map() };
  const message = await read(bridge, firstMessage, signal);
  const sends = message?.toMatrix(context) ?? [];
  if (sends.length === 0) return;
  const as = await senderGhostFor(bridge, author, signal);
  const said: SentOnce[] = [];
  for (const [part, send] of sends.entries()) {
    const deliveryId = firstMessageDeliveryId(reference, part);
    const of = { cause: reference, part, deliveryId, communication: undefined, kind: FIRST_MESSAGE };
    const place = { roomId, as, viewer: bridge.settings.bot, timestamp };
    said.push(await sendOnce(bridge, { ...of, ...place }, send, signal));
  }
  const lost = said.some(({ isRefused }) => isRefused) ? 'content-lost' : undefined;
  const about = { on: { reference, versionId }, subject, roomId };
  const facts = said.map(({ eventId, sender: userId }): Fact => ({
    kind: 'created',
    direction: 'to-matrix',
    ...{ ...about, eventId, by: { person: author, userId } },
  }));
  await saveSaid(bridge, { reference, roomId, said, lost: message?.lost ?? lost, facts });
}

interface Said {
  readonly reference: FhirReference;
  readonly roomId: RoomId;
  /** In order. */
  readonly said: readonly SentOnce[];
  /** What of it the room does not show. */
  readonly lost: UndeliveredReason | undefined;
  readonly facts: readonly Fact[];
}

/** Records that all of it was said, for the audit trail too; its platform is told of what was lost. */
async function saveSaid(
  bridge: Pick<Bridge, 'auditTrail' | 'enqueue' | 'metrics' | 'settings' | 'store' | 'transact'>,
  { reference, roomId, said, lost, facts }: Said,
): Promise<void> {
  const { enqueue, store, transact } = bridge;
  const [first] = said;
  if (first === undefined) return;
  const eventIds = said.map(({ eventId }) => eventId);
  const uploads = said.map((_, part) => uploadIdOf(firstMessageDeliveryId(reference, part)));
  const tried = { message: reference, cause: reference };
  await transact(async (tx) => {
    await store.rooms.saveFirstMessage(tx, reference, first.eventId);
    for (const [part, { eventId, sender }] of said.entries())
      await store.messageLinks.saveUnrecorded(tx, {
        ...{ cause: reference, part, kind: FIRST_MESSAGE, eventId, roomId, sender },
      });
    await store.fileCopies.removeCopies(tx, uploads);
    const reports = lost === undefined ? [] : await reportFailure(bridge, tx, tried, lost);
    const told = bridge.auditTrail.itemsOf({ source: 'first-message', sourceId: first.eventId }, facts);
    await enqueue(tx, [...reports, ...told, ...(await releaseWaiting(store, tx, eventIds, reference))]);
  });
}

/** Its payload is that of a message, so the kinds of messages read it. */
async function read(
  bridge: Bridge,
  { payload }: FirstMessage,
  signal: AbortSignal,
): Promise<ReadCommunication | undefined> {
  const communication: Communication = {
    resourceType: 'Communication',
    status: 'completed',
    payload: [...payload],
  };
  const envelope = readEnvelope(communication, { thread: bridge.thread, deliverPreparation: true });
  const documents = await readDocuments(bridge, payload, signal);
  return readCommunication(bridge, { communication, envelope, documents }, [], NOTHING_KNOWN);
}
