// A CommunicationRequest changed → its room stands in its team's space, with its people and its first message.
import type { CommunicationRequest } from '../domain/fhir.ts';
import type { FhirReference, RoomId } from '../domain/ids.ts';
import { parseReference, referenceTo } from '../domain/ids.ts';
import { firstMessageDeliveryId } from '../mapping/delivery-ids.ts';
import { desiredConversation } from '../mapping/desired-room.ts';
import { textMessage } from '../mapping/fhir-to-matrix/communication.ts';
import {
  authorOf,
  careTeamsNamedBy,
  firstMessageOf,
  partiesOf,
} from '../mapping/fhir-to-matrix/participants.ts';
import type { Outcome } from '../inbox/item.ts';
import type { Bridge } from './bridge.ts';
import { ensureSpace, linkToSpace } from './care-team-to-space.ts';
import { convergeRoom } from './converge-room.ts';
import { membersOf, speakerFor } from './people.ts';

/** Statuses in which a request has no room yet, or never. */
const WITHOUT_ROOM: ReadonlySet<string> = new Set(['draft', 'revoked', 'entered-in-error']);

interface Space {
  readonly careTeam: FhirReference;
  readonly roomId: RoomId;
}

/** Handles a changed CommunicationRequest. */
export async function requestToRoom(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<Outcome> {
  const room = await convergeConversation(bridge, reference, signal);
  return room === undefined ? { kind: 'ignored', reason: 'status' } : { kind: 'done' };
}

/**
 * The conversation's room, made or brought up to date, with everything it needs: the space, the people, the first
 * message. Resources may arrive in any order.
 * @returns undefined when the request is gone or its status wants no room
 */
export async function convergeConversation(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  const request = await bridge.fhir.read(reference, signal);
  if (request?.resourceType !== 'CommunicationRequest' || WITHOUT_ROOM.has(request.status)) return undefined;
  const space = await spaceOf(bridge, request, signal);
  const members = await membersOf(bridge, partiesOf(request), signal);
  const { bot, roomVersion, roomNames, serverName } = bridge.settings;
  const desired = desiredConversation(
    reference,
    members,
    { bot, roomVersion, names: roomNames },
    {
      authoredOn: request.authoredOn,
      space: space === undefined ? undefined : { roomId: space.roomId, via: serverName },
    },
  );
  const roomId = await convergeRoom(bridge, desired, signal);
  if (space !== undefined) await linkToSpace(bridge, space.roomId, roomId, signal);
  await bridge.store.rooms.saveConversation(bridge.db, reference, {
    subject: parseReference(request.subject?.reference)?.reference,
    careTeam: space?.careTeam,
  });
  await sayFirstMessage(bridge, request, reference, roomId, signal);
  await bridge.store.rooms.saveReady(bridge.db, reference);
  return roomId;
}

/**
 * The space a conversation belongs to: of a team that the request names, else of the subject's team. Where the
 * subject has several, the one with the lowest id, so that every replica and every run agree.
 */
async function spaceOf(
  bridge: Bridge,
  request: CommunicationRequest,
  signal: AbortSignal,
): Promise<Space | undefined> {
  for (const careTeam of await careTeamsOf(bridge, request, signal)) {
    const room = await bridge.store.rooms.findRoom(bridge.db, careTeam);
    if (room?.ready === true && room.roomId !== undefined) return { careTeam, roomId: room.roomId };
    const resource = await bridge.fhir.read(careTeam, signal);
    if (resource?.resourceType !== 'CareTeam') continue;
    const roomId = await ensureSpace(bridge, resource, careTeam, signal);
    if (roomId !== undefined) return { careTeam, roomId };
  }
  return undefined;
}

async function careTeamsOf(
  bridge: Bridge,
  request: CommunicationRequest,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const named = careTeamsNamedBy(request);
  const subject = parseReference(request.subject?.reference)?.reference;
  if (subject === undefined) return named;
  const { resources } = await bridge.fhir.search('CareTeam', [['subject', subject]], 100, signal);
  const ofSubject = resources.map(({ id }) => referenceTo('CareTeam', id)).sort();
  // Teams without the subject (a clinic's own) come last: the conversation is about the subject.
  return [...new Set([...named.filter((team) => ofSubject.includes(team)), ...ofSubject, ...named])];
}

async function sayFirstMessage(
  bridge: Bridge,
  request: CommunicationRequest,
  reference: FhirReference,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<void> {
  const text = firstMessageOf(request);
  const room = await bridge.store.rooms.findRoom(bridge.db, reference);
  if (text === undefined || room?.firstMessageEventId !== undefined) return;
  const deliveryId = firstMessageDeliveryId(reference);
  const as = await speakerFor(bridge, authorOf(request), signal);
  const sent = Date.parse(request.authoredOn ?? '');
  const eventId = await bridge.speaking.speak(
    {
      as,
      roomId,
      deliveryId,
      content: textMessage(text, deliveryId),
      timestamp: Number.isNaN(sent) ? undefined : sent,
    },
    signal,
  );
  await bridge.store.rooms.saveFirstMessage(bridge.db, reference, eventId);
}
