// A Communication was written by a platform → it becomes one message in its room, and learns the event's id.
import type { Communication } from '../../domain/fhir.ts';
import type { DeliveryId, EventId, FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { referenceTo } from '../../domain/ids.ts';
import { communicationDeliveryId } from '../../mapping/delivery-ids.ts';
import { contentDigest } from '../../mapping/digest.ts';
import type { CommunicationFacts } from '../../mapping/fhir-to-matrix/communication.ts';
import {
  readCommunication,
  textMessage,
  withEventId,
  withLossNotice,
} from '../../mapping/fhir-to-matrix/communication.ts';
import type { Phase } from '../../mapping/phases.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt, Outcome } from '../../inbox/item.ts';
import type { MessageRow } from '../../store/messages.ts';
import type { Bridge } from '../bridge.ts';
import { hold } from '../structure/held-communications.ts';
import { speakerFor } from '../people/people.ts';
import type { Conversation } from '../structure/request-to-room.ts';
import { convergeConversation } from '../structure/request-to-room.ts';

/** For how long the homeserver knows a txn id for certain (it keeps them 24 hours). */
const TXN_ID_KNOWN_MS = 20 * 60 * 60 * 1000;

/** Handles a Communication that was created or updated. */
export async function communicationToMessage(
  bridge: Bridge,
  reference: FhirReference,
  attempt: Attempt,
): Promise<Outcome> {
  const { db, store, settings } = bridge;
  const { signal } = attempt;
  const resource = await bridge.fhir.read(reference, signal);
  if (resource?.resourceType !== 'Communication') return { kind: 'ignored', reason: 'gone' };
  const facts = readCommunication(resource, settings);
  const known = await store.messages.findMessageByCommunication(db, reference, facts.eventId);
  if (known !== undefined && (known.origin === 'matrix' || known.completed))
    return alreadyCarried(known, facts);
  if (!facts.deliverable) return { kind: 'ignored', reason: 'status' };
  const text = withLossNotice(facts);
  if (text === undefined) return { kind: 'ignored', reason: 'empty' };
  if (facts.request === undefined) return { kind: 'ignored', reason: 'no-conversation' };
  const conversation = await conversationOf(bridge, facts.request, signal);
  if (conversation === undefined) return hold(bridge, facts.request, versionOf(resource));
  const { roomId, phase } = conversation;
  if (phase === 'closed') return { kind: 'ignored', reason: 'closed' };

  const eventId = await sayOnce(bridge, { reference, roomId, phase, text, facts }, attempt);
  const written = await writeBack(bridge, resource, eventId, signal);
  return {
    kind: 'done',
    record: async (tx) => {
      await store.messages.completeFromFhir(tx, reference, { eventId, digest: contentDigest(facts) });
      if (written !== undefined) await store.resourceVersions.recordWritten(tx, written);
      bridge.metrics.messages.inc({ direction: 'to-matrix' });
    },
  };
}

/** The bridge's own write, an echo, or a later version of what was carried; none makes a second message. */
function alreadyCarried(known: MessageRow, facts: CommunicationFacts): Outcome {
  if (!known.completed) return { kind: 'ignored', reason: 'own-write' };
  const unchanged = known.digest === contentDigest(facts);
  return { kind: 'ignored', reason: unchanged ? 'unchanged' : 'edit-not-carried' };
}

async function conversationOf(
  bridge: Bridge,
  request: FhirReference,
  signal: AbortSignal,
): Promise<Conversation | undefined> {
  const room = await bridge.store.rooms.findRoom(bridge.db, request);
  if (room?.ready === true && room.roomId !== undefined) return { roomId: room.roomId, phase: room.phase };
  return convergeConversation(bridge, request, signal);
}

function versionOf({ id, meta }: StoredResource): { reference: FhirReference; versionId: string } {
  return { reference: referenceTo('Communication', id), versionId: meta.versionId };
}

interface Delivery {
  readonly reference: FhirReference;
  readonly roomId: RoomId;
  readonly phase: Phase;
  readonly text: string;
  readonly facts: CommunicationFacts;
}

async function sayOnce(
  bridge: Bridge,
  { reference, roomId, phase, text, facts }: Delivery,
  { signal }: Attempt,
): Promise<EventId> {
  const deliveryId = communicationDeliveryId(reference);
  const ghost = await speakerFor(bridge, facts.sender, signal);
  // In a read-only room only the bridge may still speak: it says who wrote, so that a late message is not lost.
  const isRelayed = phase === 'read-only' && ghost !== bridge.settings.bot;
  const as = isRelayed ? bridge.settings.bot : ghost;
  const body = isRelayed ? `${await shownName(bridge, ghost)}: ${text}` : text;
  const startedAt = await bridge.store.messages.startFromFhir(bridge.db, {
    communication: reference,
    roomId,
  });
  return (
    (await saidLongAgo(bridge, roomId, deliveryId, startedAt, signal)) ??
    (await bridge.speaking.speak(
      { as, roomId, deliveryId, content: textMessage(body, deliveryId), timestamp: facts.sentAt },
      signal,
    ))
  );
}

async function shownName({ store, db }: Bridge, ghost: MatrixUserId): Promise<string> {
  return (await store.ghosts.findGhosts(db, [ghost])).get(ghost)?.displayName ?? ghost;
}

/** When an earlier try is so old that the homeserver may have forgotten its txn id, the room is searched for it. */
async function saidLongAgo(
  bridge: Bridge,
  roomId: RoomId,
  deliveryId: DeliveryId,
  startedAt: Date,
  signal: AbortSignal,
): Promise<EventId | undefined> {
  if (bridge.clock.now().getTime() - startedAt.getTime() < TXN_ID_KNOWN_MS) return undefined;
  return bridge.speaking.findSpoken(roomId, deliveryId, signal);
}

/** Adds the event id to the Communication's identifiers, in the version that was read. */
async function writeBack(
  bridge: Bridge,
  resource: StoredResource<Communication>,
  eventId: EventId,
  signal: AbortSignal,
) {
  const updated = withEventId(resource, eventId);
  if (updated === undefined) return undefined;
  return bridge.fhir.update({ ...updated, id: resource.id, meta: resource.meta }, signal);
}
