// What a CommunicationRequest itself says is said first in its room.
import type { Fact } from '../../domain/facts.ts';
import type { Communication } from '../../domain/fhir.ts';
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { UndeliveredReason } from '../../domain/undelivered.ts';
import { firstMessageDeliveryId, uploadIdOf } from '../../mapping/delivery-ids.ts';
import { readEnvelope } from '../../messages/envelope.ts';
import { FIRST_MESSAGE, NOTHING_KNOWN, type ReadCommunication } from '../../messages/kind.ts';
import { readCommunication } from '../../messages/read.ts';
import type { Bridge } from '../bridge.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { withFileUploaded } from '../messages/copy-files.ts';
import { readDocuments } from '../messages/documents.ts';
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
  const [eventIds, uploads]: [EventId[], string[]] = [[], []];
  let { lost } = message ?? {};
  for (const [part, send] of sends.entries()) {
    if (send.kind !== 'send') continue;
    const deliveryId = firstMessageDeliveryId(reference, part);
    const { content, isRefused } = await withFileUploaded(bridge, send, deliveryId, signal);
    if (isRefused) lost ??= 'content-lost';
    const event = { as, roomId, deliveryId, timestamp, type: send.type, content };
    eventIds.push(await bridge.sending.sendAs(event, signal));
    uploads.push(uploadIdOf(deliveryId));
  }
  const about = { by: { person: author, userId: as }, on: { reference, versionId }, subject };
  const facts = eventIds.map((eventId): Fact => ({
    kind: 'created',
    direction: 'to-matrix',
    ...{ ...about, roomId, eventId },
  }));
  await saveSaid(bridge, { reference, roomId, as, eventIds, uploads, lost, facts });
}

interface Said {
  readonly reference: FhirReference;
  readonly roomId: RoomId;
  readonly as: MatrixUserId;
  readonly eventIds: readonly EventId[];
  readonly uploads: readonly string[];
  /** What of it the room does not show. */
  readonly lost: UndeliveredReason | undefined;
  readonly facts: readonly Fact[];
}

/** Records that all of it was said, for the audit trail too; its platform is told of what was lost. */
async function saveSaid(
  bridge: Pick<Bridge, 'auditTrail' | 'enqueue' | 'metrics' | 'settings' | 'store' | 'transact'>,
  { reference, roomId, as: sender, eventIds, uploads, lost, facts }: Said,
): Promise<void> {
  const { enqueue, store, transact } = bridge;
  const [first] = eventIds;
  if (first === undefined) return;
  const tried = { message: reference, cause: reference };
  await transact(async (tx) => {
    await store.rooms.saveFirstMessage(tx, reference, first);
    for (const [part, eventId] of eventIds.entries())
      await store.messageLinks.saveUnrecorded(tx, {
        ...{ cause: reference, part, kind: FIRST_MESSAGE, eventId, roomId, sender },
      });
    await store.fileCopies.removeCopies(tx, uploads);
    const reports = lost === undefined ? [] : await reportFailure(bridge, tx, tried, lost);
    const told = bridge.auditTrail.itemsOf({ source: 'first-message', sourceId: first }, facts);
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
