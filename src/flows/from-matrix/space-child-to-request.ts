// A user made a room inside a care team's space → the bridge enters it and writes its CommunicationRequest.
//
// The adoption is recorded first, then the bot joins; the bot's own join, which comes back in the lane of the room, completes
// it, or the event by which the bot is given the power later: so what was said before stays unrecorded, what is said after waits
// until the conversation is there, and a crash at any moment loses neither.
import { z } from 'zod';
import type { Agent } from '../../domain/facts.ts';
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { parseReference, referenceTo, serverNameOf, typeOf } from '../../domain/ids.ts';
import { aliasOf } from '../../mapping/aliases.ts';
import { authoredAt } from '../../mapping/child-order.ts';
import { canKeepInOrder } from '../../mapping/attainable-power.ts';
import { dangersIn } from '../../mapping/matrix-to-fhir/room-dangers.ts';
import {
  lackOf,
  readRoomFacts,
  requestOfRoom,
  type RoomFacts,
} from '../../mapping/matrix-to-fhir/room-request.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { RoomState } from '../../matrix/room-state.ts';
import type { Adoption } from '../../store/adopted-rooms.ts';
import type { FormerRoom } from '../../store/former-rooms.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import type { IgnoredReason } from '../ignored-reasons.ts';
import { convergeItem } from '../items/converge.ts';
import { stateNotices } from '../messages/tell-sender.ts';
import { refused, type FlowOutcome } from '../outcome.ts';
import { recordOwnWrite } from '../people/own-write.ts';
import { personOf, type Recognising } from '../people/who-is.ts';
import { followUpgrade, mayUpgrade } from './follow-upgrade.ts';
import type { StateChange } from './state-change.ts';

const viaSchema = z.looseObject({ via: z.array(z.string().regex(/^[A-Za-z0-9.\-:[\]]{1,255}$/)).min(1) });
type NewRequest = ReturnType<typeof requestOfRoom>;
/** Through how many servers a join is tried. */
const MOST_SERVERS = 5;

/** Handles `m.space.child` in a team's space by someone who is not of the bridge. */
export async function spaceChildToRequest(
  bridge: Bridge,
  event: StateChange,
  space: RoomRow,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { store, db, homeserver, settings } = bridge;
  const roomId = event.state_key as RoomId;
  const via = viaSchema.safeParse(event.content).data?.via;
  const use = await store.roomUses.findRoomUse(db, roomId);
  if (via === undefined || 'room' in use || !roomId.startsWith('!'))
    return { kind: 'done', next: [convergeItem(space.reference, event.event_id)] };
  // The link to an upgraded room is made when it was followed.
  if (use.kind === 'awaited') return { kind: 'ignored', reason: 'awaited' };
  if (settings.userMadeRooms === 'ignore') return { kind: 'ignored', reason: 'user-made-rooms' };
  const adoption: Adoption = { roomId, careTeam: space.reference, listedBy: event.sender };
  if (!(await mayBring(bridge, event.sender, attempt.signal)))
    return refused('stranger', event.sender, space.reference);
  await saveAdoption(bridge, adoption, event.event_id);
  const wasIn = await homeserver.isJoined(settings.bot, roomId, attempt.signal);
  const servers = [...new Set([...via, serverNameOf(event.sender)])].slice(0, MOST_SERVERS);
  const isOpen = wasIn || (await homeserver.joinThrough(settings.bot, roomId, servers, attempt.signal));
  if (!isOpen) return { kind: 'ignored', reason: 'room-not-open' };
  // Where the bot was in already, no join of its own will come.
  return wasIn ? completeAdoption(bridge, adoption, attempt) : { kind: 'done' };
}

/**
 * A room is of one team: the space in which it was listed before gives it up. At once: the bot's own join, which may come
 * before this event is acknowledged, has to find the adoption.
 */
export async function saveAdoption(
  { store, transact, enqueue }: Bridge,
  adoption: Adoption,
  cause: string,
): Promise<void> {
  await transact(async (tx) => {
    const before = await store.adoptedRooms.saveAdoption(tx, adoption);
    if (before !== undefined) await enqueue(tx, [convergeItem(before, cause)]);
  });
}

/** Makes an adopted room, in which the bot is, the room of a conversation; running it again changes nothing. */
export async function completeAdoption(
  bridge: Bridge,
  adoption: Adoption,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { store, homeserver, settings } = bridge;
  const { roomId } = adoption;
  const { signal } = attempt;
  const state = await homeserver.roomState(settings.bot, roomId, signal);
  const facts = readRoomFacts(state);
  const upgrade = await upgradeOf(bridge, adoption, facts, signal);
  if (upgrade !== undefined) return followInstead(bridge, upgrade, adoption, signal);
  const careTeam = await bridge.fhir.read(adoption.careTeam, signal);
  if (careTeam?.resourceType !== 'CareTeam') return refuse(bridge, adoption, 'gone', signal);
  const refusal = await refusalOf(bridge, adoption, { state, facts }, signal);
  if (refusal !== undefined) return refuse(bridge, adoption, refusal, signal);
  const find = (type: string) => state.find((event) => event.type === type && event.state_key === '');
  if (!canKeepInOrder(find('m.room.create'), find('m.room.power_levels')?.content, settings.bot))
    return askForPower(bridge, adoption, facts);
  const request = await requestFor(bridge, adoption, { careTeam, facts }, signal);
  if (lackOf(request, settings.profile) !== undefined)
    return refuse(bridge, adoption, 'profile-unfulfilled', signal);
  const written = await writeRequest(bridge, adoption, request, attempt);
  await homeserver.createAlias(settings.bot, aliasOf(written.reference, settings), roomId, signal);
  const { reference, versionId } = written;
  return {
    kind: 'done',
    facts: [
      {
        kind: 'resource-created',
        by: await makerOf(bridge, adoption, facts, signal),
        on: { reference, versionId },
        subject: parseReference(careTeam.subject?.reference)?.reference,
      },
    ],
    record: (tx) => store.adoptedRooms.endAdoption(tx, roomId),
    next: async (tx) => [
      ...(await recordOwnWrite(store, tx, written)),
      convergeItem(adoption.careTeam, `room ${roomId}`),
    ],
  };
}

/** Clients list an upgraded room in the space too, and that may be handled before the old room's tombstone. */
async function upgradeOf(
  bridge: Bridge,
  { roomId: replacement }: Adoption,
  { predecessor }: RoomFacts,
  signal: AbortSignal,
): Promise<FormerRoom | undefined> {
  const { store, db, homeserver, settings } = bridge;
  const roomId = predecessor as RoomId | undefined;
  if (roomId === undefined) return undefined;
  const old = await store.roomUses.findRoomUse(db, roomId);
  if (old.kind !== 'space' && old.kind !== 'conversation') return undefined;
  const state = await homeserver.roomState(settings.bot, roomId, signal);
  const tombstone = state.find(({ type }) => type === 'm.room.tombstone');
  if (tombstone?.content['replacement_room'] !== replacement) return undefined;
  return (await mayUpgrade(bridge, old.room, state, tombstone.sender as MatrixUserId, signal))
    ? { roomId, reference: old.room.reference, replacement }
    : undefined;
}

/** The space that lists the new room may be another than its conversation's. */
async function followInstead(
  bridge: Bridge,
  former: FormerRoom,
  { careTeam }: Adoption,
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const { store, transact } = bridge;
  // Before following, whose repetition is to find the room awaited, and no adoption.
  await transact(async (tx) => {
    await store.formerRooms.saveFormerRoom(tx, former);
    await store.adoptedRooms.endAdoption(tx, former.replacement);
  });
  return followUpgrade(bridge, former, signal, [careTeam]);
}

/** Whose room it is: its maker's, or else that of the user who listed it. */
async function makerOf(
  bridge: Recognising,
  { careTeam, listedBy }: Adoption,
  { creator: userId = listedBy }: RoomFacts,
  signal: AbortSignal,
): Promise<Agent> {
  return { userId, person: await personOf(bridge, userId, careTeam, signal) };
}

async function requestFor(
  bridge: Bridge,
  { roomId, careTeam: team }: Adoption,
  { careTeam, facts }: { readonly careTeam: CareTeam; readonly facts: RoomFacts },
  signal: AbortSignal,
): Promise<NewRequest> {
  const { settings } = bridge;
  const requester = facts.creator && (await personOf(bridge, facts.creator, team, signal));
  const recipients = new Set<FhirReference>();
  for (const member of facts.members) {
    const person = await personOf(bridge, member, team, signal);
    if (person !== undefined) recipients.add(person);
  }
  return requestOfRoom(
    { roomId, facts },
    { reference: team, careTeam },
    { requester, recipients: [...recipients] },
    { templates: settings.roomTemplates, profile: settings.profile },
  );
}

/** The row comes first: a reader that sees the new request before its write was recorded must find its room there. */
async function writeRequest(
  bridge: Bridge,
  { roomId, careTeam: team }: Adoption,
  request: NewRequest,
  { signal }: Attempt,
) {
  const { store, db, settings } = bridge;
  const adopt = (reference: FhirReference): Promise<void> =>
    store.adoptedRooms.adoptRoom(db, {
      ...{ reference, roomId, careTeam: team, alias: aliasOf(reference, settings) },
      subject: parseReference(request.subject?.reference)?.reference,
      authoredAt: authoredAt(request.authoredOn),
    });
  if (settings.idStrategy === 'client-assigned') await adopt(referenceTo('CommunicationRequest', request.id));
  const written = await bridge.fhir.createOnce(request, { mayExist: true, signal });
  await adopt(written.reference);
  return written;
}

/** What keeps a room from being a conversation. */
async function refusalOf(
  { store, db, homeserver, settings }: Bridge,
  { careTeam, listedBy, roomId }: Adoption,
  { state, facts }: { readonly state: RoomState; readonly facts: RoomFacts },
  signal: AbortSignal,
): Promise<IgnoredReason | undefined> {
  if (facts.isSpace) return 'room-is-a-space';
  const space = await store.rooms.findRoom(db, careTeam);
  const isListed = await homeserver.isListed(settings.bot, roomId, signal);
  const [danger] = dangersIn(state, { isListed, space: space?.roomId });
  if (danger !== undefined) return danger === 'encrypted' ? 'room-encrypted' : 'room-public';
  // No one brings a room that they are not in.
  if (!facts.joined.has(listedBy)) return 'lister-not-in-room';
  if (space?.roomId === undefined) return 'space-gone';
  const key = { type: 'm.space.child', state_key: roomId };
  const child = await homeserver.stateEvent(settings.bot, space.roomId, key, signal);
  return viaSchema.safeParse(child).success ? undefined : 'room-not-listed';
}

async function refuse(
  { store, db, homeserver, settings }: Bridge,
  adoption: Adoption,
  reason: IgnoredReason,
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const { roomId } = adoption;
  // A room that became a conversation on the way stays one.
  if (!('room' in (await store.roomUses.findRoomUse(db, roomId))))
    await homeserver.leave(settings.bot, roomId, signal);
  return {
    ...refused(reason, adoption.listedBy, adoption.careTeam),
    record: (tx) => store.adoptedRooms.endAdoption(tx, roomId),
  };
}

/** Without power the bridge cannot keep the room in order: it waits for that, and its maker is told once. */
function askForPower(bridge: Bridge, { roomId, listedBy }: Adoption, { creator }: RoomFacts): FlowOutcome {
  const to = { roomId, about: creator ?? listedBy };
  return {
    ...{ kind: 'ignored', reason: 'needs-power' },
    next: (tx) => stateNotices(bridge, tx, to, 'needs-power'),
  };
}

/** A person the care platform knows, or anyone of a homeserver it trusts. */
export async function mayBring(
  bridge: Recognising,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<boolean> {
  if (bridge.settings.trustedServers.has(serverNameOf(userId))) return true;
  const person = await personOf(bridge, userId, undefined, signal);
  return person !== undefined && typeOf(person) !== 'Organization';
}
