// A CommunicationRequest changed → its room stands in its team's space, with its people and its first message.
import type { CommunicationRequest } from '../../domain/fhir.ts';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { parseReference, referenceTo } from '../../domain/ids.ts';
import { firstMessageDeliveryId } from '../../mapping/delivery-ids.ts';
import { desiredConversation, spaceChild } from '../../mapping/desired-room.ts';
import { textSend } from '../../messages/text-body.ts';
import { authorOf, firstMessageOf, partiesOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { withTeamRoles } from '../../mapping/fhir-to-matrix/team-roles.ts';
import { roomOfRequest } from '../../mapping/matrix-to-fhir/room-request.ts';
import type { Phase } from '../../mapping/phases.ts';
import { wantedForRequest } from '../../mapping/phases.ts';
import { conversationTitle } from '../../mapping/room-names.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import type { Asked, Converged } from './converge.ts';
import type { Blueprint, RoomPlan } from './converge-room.ts';
import { applyPlan, planRoom, strayLinks } from './converge-room.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { resolvePeople, speakerFor } from '../people/people.ts';
import type { Standing } from './space-of-request.ts';
import { ensureSpaceOf, findSpaceOf } from './space-of-request.ts';

/** A conversation as it stands after convergence. */
export interface Conversation {
  readonly roomId: RoomId;
  readonly phase: Phase;
}

/**
 * Brings a CommunicationRequest's room up to date.
 * @returns what is to be done next: the Communications that were waiting for it to open
 */
export async function requestToRoom(
  bridge: Bridge,
  reference: FhirReference,
  { cause, insist }: Asked,
  signal: AbortSignal,
): Promise<Converged> {
  const conversation = await convergeConversation(bridge, reference, signal, insist);
  if (conversation === undefined) return { hasRoom: false, next: [] };
  return {
    hasRoom: true,
    next: [],
    released: (tx) => releaseWaiting(bridge.store, tx, [reference], cause),
  };
}

/**
 * Brings the conversation's room up to date, with everything it needs: the space, the people, the first message.
 * Resources may arrive in any order.
 * @returns undefined when the request is gone, or it has no room and wants none
 */
export async function convergeConversation(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
  insist = false,
): Promise<Conversation | undefined> {
  const { store, db } = bridge;
  return bridge.roomLock(reference, signal, async () => {
    const begun = await store.rooms.readTime(db);
    const request = await readRequest(bridge, reference, signal);
    if (request === undefined) return undefined;
    const row = await bridge.store.rooms.findRoom(bridge.db, reference);
    if (row?.roomId === undefined && !wantedForRequest(request.status).make) return undefined;
    if (row === undefined && (await isUnderWay(bridge, request))) return undefined;
    const standing = await ensureSpaceOf(bridge, { request, row }, signal);
    const plan = await planConversation(bridge, request, { standing, row }, signal);
    if (plan === undefined) return undefined;
    const roomId = await applyPlan(bridge, plan, signal, insist);
    await saveLinks(bridge, plan, { request, before: row, roomId, standing }, signal);
    // Last: as long as it is not saved, the links are made again.
    await savePhase(bridge, plan, { before: row, standing });
    if (plan.desired.phase === 'open') await sayFirstMessage(bridge, request, reference, roomId, signal);
    await bridge.store.rooms.saveReady(bridge.db, reference);
    // A room that is an archive from the start was open for its first message only.
    const { phase } = wantedForRequest(request.status);
    if (phase === plan.desired.phase) {
      await store.rooms.saveConverged(db, reference, begun);
      return { roomId, phase };
    }
    const after = { standing, row: await rowOf(bridge, reference) };
    const archived = await planConversation(bridge, request, after, signal);
    if (archived !== undefined) await applyPlan(bridge, archived, signal);
    await bridge.store.rooms.savePhase(bridge.db, reference, phase);
    return { roomId, phase };
  });
}

/** What a request wants, where its space stands already or is wanted none; undefined when it is gone. Reads only. */
export async function blueprintOfConversation(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<Blueprint | undefined> {
  const request = await readRequest(bridge, reference, signal);
  if (request === undefined) return undefined;
  const row = await rowOf(bridge, reference);
  const standing = await findSpaceOf(bridge, { request, row }, signal);
  return blueprintOf(bridge, request, { standing, row }, signal);
}

async function planConversation(
  bridge: Bridge,
  request: StoredResource<CommunicationRequest>,
  place: { standing: Standing; row: RoomRow | undefined },
  signal: AbortSignal,
): Promise<RoomPlan | undefined> {
  return planRoom(bridge, await blueprintOf(bridge, request, place, signal), signal);
}

async function blueprintOf(
  bridge: Bridge,
  request: StoredResource<CommunicationRequest>,
  { standing: { space, stamps }, row }: { standing: Standing; row: RoomRow | undefined },
  signal: AbortSignal,
): Promise<Blueprint> {
  const { settings } = bridge;
  const reference = referenceTo('CommunicationRequest', request.id);
  const { make, phase } = wantedForRequest(request.status);
  const wanted = withTeamRoles(partiesOf(request), space?.careTeam, bridge.clock.now().getTime());
  const resolved = await resolvePeople(bridge, wanted, signal);
  // A team that was read twice counts as of its first reading.
  const people = { ...resolved, stamps: new Map([...resolved.stamps, ...stamps]) };
  const isUnread = make && row?.ready !== true && firstMessageOf(request) !== undefined;
  const wishes = {
    phase: isUnread && phase === 'read-only' ? ('open' as const) : phase,
    roomVersion: settings.roomVersion,
    title: conversationTitle(request, settings.roomTemplates),
    members: people.members,
  };
  return {
    ...{ reference, kind: 'conversation', make, people },
    sources: [reference, ...stamps.keys()],
    subject: subjectOf(request),
    desiredFor: async (actual) =>
      desiredConversation(
        reference,
        wishes,
        space === undefined ? undefined : { roomId: space.roomId, via: settings.serverName },
        await strayLinks(bridge, actual, 'm.space.parent', space === undefined ? [] : [space.roomId]),
      ),
  };
}

interface Linked {
  readonly request: StoredResource<CommunicationRequest>;
  readonly before: RoomRow | undefined;
  readonly roomId: RoomId;
  readonly standing: Standing;
}

/**
 * Records where the conversation stands, when that is new. A room that was not finished yet is listed in its space here;
 * from then on the list is the space's own convergence's to keep. May be repeated after a death.
 */
async function saveLinks(
  bridge: Bridge,
  { blueprint, desired }: RoomPlan,
  { request, before, roomId, standing: { space } }: Linked,
  signal: AbortSignal,
): Promise<void> {
  const { homeserver, settings } = bridge;
  const careTeam = space?.reference;
  if (before?.subject !== blueprint.subject || before?.careTeam !== careTeam) {
    await savePlace(bridge, blueprint, before, careTeam);
    if (space === undefined) await joinLateSpace(bridge, request, signal);
  }
  if (space === undefined || before?.ready === true) return;
  const child = spaceChild(roomId, settings.serverName);
  const event = desired.phase === 'closed' ? { ...child, content: {} } : child;
  await homeserver.putState(settings.bot, space.roomId, event, signal);
}

/** Two spaces change when a conversation moves, and each its list by its own convergence. */
async function savePlace(
  { store, transact, enqueue, clock }: Bridge,
  { reference, subject }: Blueprint,
  before: RoomRow | undefined,
  careTeam: FhirReference | undefined,
): Promise<void> {
  const cause = `${reference} moved ${clock.now().toISOString()}`;
  const isMoved = before?.careTeam !== careTeam && (before?.ready === true || before?.careTeam !== undefined);
  const spaces = isMoved ? [before.careTeam, careTeam] : [];
  const items = spaces.filter((space) => space !== undefined).map((space) => convergeItem(space, cause));
  await transact(async (tx) => {
    await store.rooms.saveConversation(tx, reference, { subject, careTeam });
    if (items.length > 0) await enqueue(tx, items);
  });
}

/** A closed room is not listed in its space, whose convergence reads the phase from here. */
async function savePhase(
  { store, transact, enqueue, clock }: Bridge,
  { blueprint: { reference }, desired: { phase } }: RoomPlan,
  { before, standing: { space } }: Pick<Linked, 'before' | 'standing'>,
): Promise<void> {
  const isListed = (each: Phase): boolean => each !== 'closed';
  const isSame = isListed(before?.phase ?? 'open') === isListed(phase);
  await transact(async (tx) => {
    await store.rooms.savePhase(tx, reference, phase);
    if (isSame || space === undefined) return;
    const cause = `${reference} ${phase} ${clock.now().toISOString()}`;
    await enqueue(tx, [convergeItem(space.reference, cause)]);
  });
}

/** A space that was made after it was looked for, and before its team could find the conversation waiting for it. */
async function joinLateSpace(
  bridge: Bridge,
  request: StoredResource<CommunicationRequest>,
  signal: AbortSignal,
): Promise<void> {
  const { space } = await findSpaceOf(bridge, { request, row: undefined }, signal);
  if (space === undefined) return;
  const cause = `${space.reference} has a space ${bridge.clock.now().toISOString()}`;
  const item = convergeItem(referenceTo('CommunicationRequest', request.id), cause);
  await bridge.transact((tx) => bridge.enqueue(tx, [item]));
}

async function sayFirstMessage(
  bridge: Bridge,
  request: CommunicationRequest,
  reference: FhirReference,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<void> {
  const text = firstMessageOf(request);
  const room = await rowOf(bridge, reference);
  if (text === undefined || room?.firstMessageEventId !== undefined || room?.madeBy === 'user') return;
  const deliveryId = firstMessageDeliveryId(reference);
  const as = await speakerFor(bridge, authorOf(request), signal);
  const sent = Date.parse(request.authoredOn ?? '');
  const timestamp = Number.isNaN(sent) ? undefined : sent;
  const eventId = await bridge.sending.sendAs(
    { as, roomId, deliveryId, timestamp, ...textSend('m.text', text) },
    signal,
  );
  await bridge.store.rooms.saveFirstMessage(bridge.db, reference, eventId);
}

async function readRequest(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<StoredResource<CommunicationRequest> | undefined> {
  const request = await bridge.fhir.read(reference, signal);
  return request?.resourceType === 'CommunicationRequest' ? request : undefined;
}

/** The bridge is writing it for a room that a user made, and asks for its convergence as soon as it knows the id. */
async function isUnderWay({ store, db }: Bridge, request: CommunicationRequest): Promise<boolean> {
  const roomId = roomOfRequest(request);
  return roomId !== undefined && (await store.claimedRooms.findClaim(db, roomId)) !== undefined;
}

function rowOf({ store, db }: Bridge, reference: FhirReference): Promise<RoomRow | undefined> {
  return store.rooms.findRoom(db, reference);
}

function subjectOf(request: CommunicationRequest): FhirReference | undefined {
  return parseReference(request.subject?.reference)?.reference;
}
