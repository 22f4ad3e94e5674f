// A user made a room inside a care team's space → the bridge enters it and writes its CommunicationRequest.
//
// The claim comes first, then the bot joins; the bot's own join, which comes back in the lane of the room, completes it:
// so what was said before stays unrecorded, what is said after waits until the conversation is there, and a crash at
// any moment loses neither.
import { z } from 'zod';
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { parseReference, referenceTo, serverNameOf, typeOf } from '../../domain/ids.ts';
import { aliasOf } from '../../mapping/aliases.ts';
import { powerIn } from '../../mapping/attainable-power.ts';
import type { RoomFacts } from '../../mapping/matrix-to-fhir/room-request.ts';
import { readRoomFacts, requestOfRoom } from '../../mapping/matrix-to-fhir/room-request.ts';
import type { Attempt, NewItem, Outcome } from '../../inbox/item.ts';
import type { RoomState } from '../../matrix/room-state.ts';
import type { Claim } from '../../store/claimed-rooms.ts';
import type { FormerRoom } from '../../store/former-rooms.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { followUpgrade, mayUpgrade } from './follow-upgrade.ts';
import { noticeItem } from '../items/notice.ts';
import type { StateChange } from './state-change.ts';
import { converging } from './state-change.ts';

const viaSchema = z.looseObject({ via: z.array(z.string().regex(/^[A-Za-z0-9.\-:[\]]{1,255}$/)).min(1) });
/** Through how many servers a join is tried. */
const MOST_SERVERS = 5;

/** Handles `m.space.child` in a team's space by someone who is not of the bridge. */
export async function spaceChildToRequest(
  bridge: Bridge,
  event: StateChange,
  space: RoomRow,
  attempt: Attempt,
): Promise<Outcome> {
  const { store, db, homeserver, settings } = bridge;
  const roomId = event.state_key as RoomId;
  const via = viaSchema.safeParse(event.content).data?.via;
  const known = await store.rooms.findRoomById(db, roomId);
  if (via === undefined || known !== undefined || !roomId.startsWith('!'))
    return converging(bridge, [space.reference], event);
  // The link to an upgraded room is made when it was followed.
  if ((await store.formerRooms.findAwaited(db, roomId)) !== undefined)
    return { kind: 'ignored', reason: 'awaited' };
  if (settings.userMadeRooms === 'ignore') return { kind: 'ignored', reason: 'user-made-rooms' };
  if (!(await mayBring(bridge, event.sender))) return { kind: 'ignored', reason: 'stranger' };
  const claim: Claim = { roomId, careTeam: space.reference, claimedBy: event.sender };
  await saveClaim(bridge, claim, event);
  const wasIn = await homeserver.isJoined(settings.bot, roomId, attempt.signal);
  const servers = [...new Set([...via, serverNameOf(event.sender)])].slice(0, MOST_SERVERS);
  const isOpen = wasIn || (await homeserver.joinThrough(settings.bot, roomId, servers, attempt.signal));
  if (!isOpen) return { kind: 'ignored', reason: 'room-not-open' };
  // Where the bot was in already, no join of its own will come.
  return wasIn ? completeClaim(bridge, claim, attempt) : { kind: 'done' };
}

/** A room is of one team: the space in which it was listed before gives it up. */
async function saveClaim(bridge: Bridge, claim: Claim, { event_id: cause }: StateChange): Promise<void> {
  await bridge.transact(async (tx) => {
    const before = await bridge.store.claimedRooms.saveClaim(tx, claim);
    if (before !== undefined) await bridge.enqueue(tx, [convergeItem(before, cause)]);
  });
}

/** Makes a claimed room, in which the bot is, the room of a conversation; running it again changes nothing. */
export async function completeClaim(bridge: Bridge, claim: Claim, attempt: Attempt): Promise<Outcome> {
  const { store, homeserver, settings } = bridge;
  const { roomId } = claim;
  const { signal } = attempt;
  const state = await homeserver.roomState(settings.bot, roomId, signal);
  const facts = readRoomFacts(state);
  const upgrade = await upgradeOf(bridge, claim, facts, signal);
  if (upgrade !== undefined) return followInstead(bridge, upgrade, claim, signal);
  const careTeam = await bridge.fhir.read(claim.careTeam, signal);
  if (careTeam?.resourceType !== 'CareTeam') return refuse(bridge, claim, 'gone', signal);
  const refusal = refusalOf(facts, claim) ?? (await listingRefusal(bridge, claim, signal));
  if (refusal !== undefined) return refuse(bridge, claim, refusal, signal);
  const written = await writeRequest(bridge, claim, { careTeam, facts }, attempt);
  await homeserver.createAlias(settings.bot, aliasOf(written.reference, settings.serverName), roomId, signal);
  const notices = await powerNotices(bridge, claim, { state, facts });
  return {
    kind: 'done',
    record: async (tx) => {
      await store.resourceVersions.recordWritten(tx, written);
      await store.claimedRooms.dropClaim(tx, roomId);
      const cause = `room ${roomId}`;
      const converge = [written.reference, claim.careTeam].map((reference) => convergeItem(reference, cause));
      await bridge.enqueue(tx, [...converge, ...notices]);
    },
  };
}

/** Clients list an upgraded room in the space too, and that may be handled before the old room's tombstone. */
async function upgradeOf(
  bridge: Bridge,
  { roomId: replacement }: Claim,
  { predecessor }: RoomFacts,
  signal: AbortSignal,
): Promise<FormerRoom | undefined> {
  const { store, db, homeserver, settings } = bridge;
  const roomId = predecessor as RoomId | undefined;
  const old = roomId === undefined ? undefined : await store.rooms.findRoomById(db, roomId);
  if (roomId === undefined || old?.roomId !== roomId) return undefined;
  const state = await homeserver.roomState(settings.bot, roomId, signal);
  const tombstone = state.find(({ type }) => type === 'm.room.tombstone');
  if (tombstone?.content['replacement_room'] !== replacement) return undefined;
  return (await mayUpgrade(bridge, old, state, tombstone.sender as MatrixUserId, signal))
    ? { roomId, reference: old.reference, replacement }
    : undefined;
}

/** The space that lists the new room may be another than its conversation's. */
async function followInstead(
  bridge: Bridge,
  former: FormerRoom,
  { careTeam }: Claim,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, db } = bridge;
  await store.formerRooms.saveFormerRoom(db, former);
  await store.claimedRooms.dropClaim(db, former.replacement);
  return followUpgrade(bridge, former, signal, [careTeam]);
}

/** The row comes first: whoever reads the new request before its write was recorded must find its room there. */
async function writeRequest(
  bridge: Bridge,
  { roomId, careTeam: team }: Claim,
  { careTeam, facts }: { readonly careTeam: CareTeam; readonly facts: RoomFacts },
  attempt: Attempt,
) {
  const { store, db, settings } = bridge;
  const find = (userId: MatrixUserId): Promise<FhirReference | undefined> =>
    store.people.findPersonByUserId(db, userId);
  const requester = facts.creator === undefined ? undefined : await find(facts.creator);
  const recipients = new Set<FhirReference>();
  for (const member of facts.members) {
    const person = await find(member);
    if (person !== undefined) recipients.add(person);
  }
  const request = requestOfRoom(
    { roomId, facts },
    { reference: team, careTeam },
    { requester, recipients: [...recipients] },
    settings.roomTemplates,
  );
  const adopt = (reference: FhirReference): Promise<void> =>
    store.claimedRooms.adoptRoom(db, {
      ...{ reference, roomId, careTeam: team, alias: aliasOf(reference, settings.serverName) },
      subject: parseReference(careTeam.subject?.reference)?.reference,
    });
  if (settings.idStrategy === 'client-assigned') await adopt(referenceTo('CommunicationRequest', request.id));
  const written = await bridge.fhir.createOnce(request, {
    mayExist: attempt.number > 1 || attempt.inDoubt,
    signal: attempt.signal,
  });
  await adopt(written.reference);
  return written;
}

/** What keeps a room from being a conversation. */
function refusalOf(facts: RoomFacts, claim: Claim): string | undefined {
  if (facts.isSpace) return 'room-is-a-space';
  if (facts.isEncrypted) return 'room-encrypted';
  // Whoever finds a public room can read what is said in it; and nobody brings a room that they are not in.
  if (facts.isPublic) return 'room-public';
  return facts.joined.has(claim.claimedBy) ? undefined : 'claimer-not-in-room';
}

async function listingRefusal(
  { store, db, homeserver, settings }: Bridge,
  { careTeam, roomId }: Claim,
  signal: AbortSignal,
): Promise<string | undefined> {
  const space = await store.rooms.findRoom(db, careTeam);
  if (space?.roomId === undefined) return 'space-gone';
  const key = { type: 'm.space.child', state_key: roomId };
  const child = await homeserver.stateEvent(settings.bot, space.roomId, key, signal);
  return viaSchema.safeParse(child).success ? undefined : 'room-not-listed';
}

async function refuse(
  { store, db, homeserver, settings }: Bridge,
  { roomId }: Claim,
  reason: string,
  signal: AbortSignal,
): Promise<Outcome> {
  // A room that became a conversation on the way stays one.
  if ((await store.rooms.findRoomById(db, roomId)) === undefined)
    await homeserver.leave(settings.bot, roomId, signal);
  return {
    kind: 'ignored',
    reason,
    record: (tx) => store.claimedRooms.dropClaim(tx, roomId),
  };
}

/** Without power the bridge cannot keep the room in order; its maker is told once. */
async function powerNotices(
  { store, db, settings }: Bridge,
  { roomId, claimedBy }: Claim,
  { state, facts }: { readonly state: RoomState; readonly facts: RoomFacts },
): Promise<readonly NewItem[]> {
  const contentOf = (type: string) => state.find((event) => event.type === type && event.state_key === '');
  const power = powerIn(contentOf('m.room.create'), contentOf('m.room.power_levels')?.content, settings.bot);
  if (power.sendState('m.space.parent')) return [];
  const notice = { roomId, about: facts.creator ?? claimedBy, reason: 'needs-power' } as const;
  return (await store.notices.wasSaid(db, notice)) ? [] : [noticeItem(notice)];
}

/** A person the care platform knows, or anyone of a homeserver it trusts. */
async function mayBring({ store, db, settings }: Bridge, userId: MatrixUserId): Promise<boolean> {
  if (settings.trustedServers.has(serverNameOf(userId))) return true;
  const person = await store.people.findPersonByUserId(db, userId);
  return person !== undefined && typeOf(person) !== 'Organization';
}
