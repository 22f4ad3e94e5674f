// The state of a room changed in Matrix → the flow for what changed; what members may not change is restored.
import type { Attempt, Outcome } from '../../inbox/item.ts';
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import type { FormerRoom } from '../../store/former-rooms.ts';
import type { Claim } from '../../store/claimed-rooms.ts';
import type { Bridge } from '../bridge.ts';
import { followUpgrade, tombstoneToRoom } from './follow-upgrade.ts';
import { membershipToFhir } from './membership-to-fhir.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { nameToFhir } from './room-title-to-fhir.ts';
import { completeClaim, spaceChildToRequest } from './space-child-to-request.ts';
import type { StateChange } from './state-change.ts';
import { converging } from './state-change.ts';

/** State that is FHIR's and the configuration's to decide: convergence puts it back. */
const RESTORED: ReadonlySet<string> = new Set([
  'm.room.topic',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.canonical_alias',
  'm.space.parent',
  'm.space.child',
]);

/** Handles a state event of any room. */
export async function roomStateToFhir(
  bridge: Bridge,
  event: StateChange,
  attempt: Attempt,
): Promise<Outcome> {
  const { store, db, settings } = bridge;
  // A claimed room is bridged already where an earlier try ended half-way: its claim has the word.
  const claim = isJoinOfBot(bridge, event)
    ? await store.claimedRooms.findClaim(db, event.room_id)
    : undefined;
  if (claim !== undefined) return completeClaim(bridge, claim, attempt);
  const room = await store.rooms.findRoomById(db, event.room_id);
  if (room === undefined) return unbridgedState(bridge, event, attempt);
  if (room.roomId !== event.room_id) return { kind: 'ignored', reason: 'former-room' };
  if (event.type === 'm.room.tombstone') return tombstoneToRoom(bridge, event, room, attempt);
  if (isOwnUser(settings, event.sender)) return { kind: 'ignored', reason: 'own-state' };
  // Whoever leaves a room that was given up has only gone on to the next. Until the bridge is in that, the old one is kept.
  if (await store.formerRooms.hasReplacement(db, event.room_id))
    return { ...converging(bridge, [room.reference], event), kind: 'ignored', reason: 'former-room' };
  const isSpace = typeOf(room.reference) === 'CareTeam';
  if (event.type === 'm.room.member') return membershipToFhir(bridge, event, room, attempt);
  if (event.type === 'm.room.name') return nameToFhir(bridge, event, room, attempt);
  if (event.type === 'm.space.child' && isSpace) return spaceChildToRequest(bridge, event, room, attempt);
  return RESTORED.has(event.type)
    ? converging(bridge, [room.reference], event)
    : { kind: 'ignored', reason: 'state' };
}

/** A room that is not bridged may be one that the bridge waits for: to be let in, or to follow an upgrade into. */
async function unbridgedState(bridge: Bridge, event: StateChange, attempt: Attempt): Promise<Outcome> {
  const { store, db } = bridge;
  const awaited = await store.formerRooms.findAwaited(db, event.room_id);
  const claim = await store.claimedRooms.findClaim(db, event.room_id);
  if (awaited === undefined && claim === undefined) return { kind: 'ignored', reason: 'not-bridged' };
  // The first event of a new room, its making, comes here before all that was said in it. It may also be one of a room into
  // which the bridge is not let yet: homeservers tell of those too that have its alias.
  if (awaited !== undefined || isInvitationOfBot(bridge, event))
    return acceptAwaited(bridge, event, { awaited, claim }, attempt);
  return { kind: 'ignored', reason: 'before-joining' };
}

/** The bot joins; a claim is completed by the join itself when it comes back. */
async function acceptAwaited(
  bridge: Bridge,
  event: StateChange,
  { awaited, claim }: { readonly awaited: FormerRoom | undefined; readonly claim: Claim | undefined },
  { signal }: Attempt,
): Promise<Outcome> {
  const { homeserver, settings } = bridge;
  const servers = [serverNameOf(event.sender)];
  if (!(await homeserver.joinThrough(settings.bot, event.room_id, servers, signal)))
    return { kind: 'ignored', reason: claim === undefined ? 'replacement-not-open' : 'room-not-open' };
  return awaited === undefined ? { kind: 'done' } : followUpgrade(bridge, awaited, signal);
}

function isJoinOfBot(
  { settings: { bot } }: Bridge,
  { type, state_key, sender, content }: StateChange,
): boolean {
  return type === 'm.room.member' && state_key === bot && sender === bot && content['membership'] === 'join';
}

function isInvitationOfBot(
  { settings: { bot } }: Bridge,
  { type, state_key, content }: StateChange,
): boolean {
  return type === 'm.room.member' && state_key === bot && content['membership'] === 'invite';
}
