// What a CommunicationRequest itself says is said first in its room.
import type { Fact } from '../../domain/facts.ts';
import type { Communication } from '../../domain/fhir.ts';
import type { EventId, RoomId } from '../../domain/ids.ts';
import { firstMessageDeliveryId, uploadIdOf } from '../../mapping/delivery-ids.ts';
import { readEnvelope } from '../../messages/envelope.ts';
import { NOTHING_KNOWN, type ReadCommunication } from '../../messages/kind.ts';
import { readCommunication } from '../../messages/read.ts';
import type { Bridge } from '../bridge.ts';
import { withFileUploaded } from '../messages/copy-files.ts';
import { senderGhostFor } from '../people/sender-ghost.ts';
import type { FirstMessage } from './definition.ts';
import type { RoomPlan } from './plan-room.ts';

interface Planned extends Pick<RoomPlan, 'row'> {
  readonly spec: Pick<RoomPlan['spec'], 'firstMessage' | 'reference' | 'subject' | 'versionId'>;
}

/**
 * Sends all of it, in order, unless that was done.
 * @returns what was sent
 */
export async function sendFirstMessage(
  bridge: Bridge,
  { spec: { reference, versionId, subject, firstMessage }, row }: Planned,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<readonly Fact[]> {
  if (firstMessage === undefined || row?.firstMessageEventId !== undefined) return [];
  const { author, sentAt } = firstMessage;
  const timestamp = sentAt === undefined ? undefined : Math.min(sentAt, bridge.clock.now().getTime());
  const { messages: options, platformName } = bridge.settings;
  const relayedFor = author === undefined ? platformName : undefined;
  const context = { relayedFor, isSameSender: true, roomId, options, accounts: new Map() };
  const sends = read(bridge, firstMessage)?.toMatrix(context) ?? [];
  if (sends.length === 0) return [];
  const as = await senderGhostFor(bridge, author, signal);
  const [eventIds, uploads]: [EventId[], string[]] = [[], []];
  for (const [part, send] of sends.entries()) {
    if (send.kind !== 'send') continue;
    const deliveryId = firstMessageDeliveryId(reference, part);
    const { content } = await withFileUploaded(bridge, send, deliveryId, signal);
    const event = { as, roomId, deliveryId, timestamp, type: send.type, content };
    eventIds.push(await bridge.sending.sendAs(event, signal));
    uploads.push(uploadIdOf(deliveryId));
  }
  const [first] = eventIds;
  if (first !== undefined) await bridge.store.rooms.saveFirstMessage(bridge.db, reference, first);
  await bridge.store.fileCopies.removeCopies(bridge.db, uploads);
  const about = { by: { person: author, userId: as }, on: { reference, versionId }, subject };
  return eventIds.map((eventId) => ({ kind: 'created', direction: 'to-matrix', ...about, roomId, eventId }));
}

/** Its payload is that of a message, so the kinds of messages read it. */
function read(bridge: Bridge, { payload }: FirstMessage): ReadCommunication | undefined {
  const communication: Communication = {
    resourceType: 'Communication',
    status: 'completed',
    payload: [...payload],
  };
  const envelope = readEnvelope(communication, { thread: bridge.thread, deliverPreparation: true });
  return readCommunication(bridge, { communication, envelope }, [], NOTHING_KNOWN);
}
