// The state of a room changed in Matrix → the flow for what changed; what members may not change is restored.
import { serverNameOf, type MatrixUserId } from '../../domain/ids.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { ReceivedConversation } from '../../store/invitations.ts';
import type { RoomUse } from '../../store/room-uses.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { EVENT_SOURCE } from '../items/event.ts';
import type { FlowOutcome } from '../outcome.ts';
import { factsOfMembership, factsOfState } from './room-facts.ts';
import { followUpgrade, tombstoneToRoom } from './follow-upgrade.ts';
import { membershipToFhir } from './membership-to-fhir.ts';
import { isOverdue } from './own-membership.ts';
import { invitedToRequest } from './parent-to-request.ts';
import { nameToFhir } from './room-title-to-fhir.ts';
import { completeAdoption, spaceChildToRequest } from './space-child-to-request.ts';
import type { StateChange } from './state-change.ts';

type Bridged = Extract<RoomUse, { kind: 'space' | 'conversation' }>;

/** State that is FHIR's and the configuration's to decide: convergence puts it back, or sends nothing more where it cannot. */
export const LOOKED_AT: ReadonlySet<string> = new Set([
  'm.room.topic',
  'm.room.avatar',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.server_acl',
  'm.room.encryption',
  'm.room.canonical_alias',
  'm.space.parent',
  'm.space.child',
]);

/** Handles a state event of any room. */
export async function roomStateToFhir(
  bridge: Bridge,
  event: StateChange,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const use = await bridge.store.roomUses.findRoomUse(bridge.db, event.room_id);
  // Also in a room that is bridged already, where an earlier try ended half-way.
  if ('adoption' in use && use.adoption !== undefined && isJoinOfBot(bridge.settings.bot, event))
    return completeAdoption(bridge, use.adoption, attempt);
  switch (use.kind) {
    case 'space':
    case 'conversation':
      return bridgedState(bridge, event, use, attempt);
    case 'former':
      return { kind: 'ignored', reason: 'former-room' };
    case 'awaited':
    case 'adopted':
      return expectedRoom(bridge, event, use, attempt);
    case 'received':
      return inRoomOfOthers(bridge, event, use.received, attempt);
    case 'none':
      return isInvitationOfBot(bridge.settings.bot, event)
        ? invitedToRequest(bridge, event, attempt)
        : notBridged(bridge, event);
  }
}

/** What it says is not kept. What the bridge does itself in a room that it is making says nothing of others. */
function notBridged(
  { forgetPayload, settings }: Pick<Bridge, 'forgetPayload' | 'settings'>,
  { event_id: eventId, sender }: StateChange,
): FlowOutcome {
  const ignored = { kind: 'ignored', reason: 'not-bridged' } as const;
  if (isOwnUser(settings, sender)) return ignored;
  return { ...ignored, record: (tx) => forgetPayload(tx, EVENT_SOURCE, eventId) };
}

async function bridgedState(
  bridge: Bridge,
  event: StateChange,
  { kind, room, isReplaced }: Bridged,
  attempt: Attempt,
): Promise<FlowOutcome> {
  if (event.type === 'm.room.tombstone') return tombstoneToRoom(bridge, event, room, attempt);
  const about = { on: { reference: room.reference }, subject: room.subject };
  const isOwn = isOwnUser(bridge.settings, event.sender);
  if (isOwn && isReplaced) return { kind: 'ignored', reason: 'own-state' };
  const next = [convergeItem(room.reference, event.event_id)];
  if (isOwn)
    return {
      ...{ kind: 'ignored', reason: 'own-state' },
      ...((await isOverdue(bridge, event, room, attempt.signal)) && { next }),
      facts: await factsOfState(bridge, event, about, attempt.signal),
    };
  // A member who leaves a room that was given up has only gone on to the next. Until the bridge is in that, the old one is kept.
  if (isReplaced) return { kind: 'ignored', reason: 'former-room', next };
  if (event.type === 'm.room.member') return membershipToFhir(bridge, event, room, attempt);
  if (event.type === 'm.room.name') return nameToFhir(bridge, event, room, attempt);
  if (event.type === 'm.space.child' && kind === 'space')
    return spaceChildToRequest(bridge, event, room, attempt);
  if (!LOOKED_AT.has(event.type)) return { kind: 'ignored', reason: 'state' };
  return { kind: 'done', next, facts: await factsOfState(bridge, event, about, attempt.signal) };
}

/** Others decide who takes part there; the audit trail tells it. What the ghosts do themselves was told with their invitation. */
async function inRoomOfOthers(
  bridge: Bridge,
  event: StateChange,
  { reference, subject }: ReceivedConversation,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const isOfOthers = event.type === 'm.room.member' && !isOwnUser(bridge.settings, event.sender);
  const about = { on: { reference }, subject };
  const facts = isOfOthers ? await factsOfMembership(bridge, event, about, signal) : [];
  return { kind: 'ignored', reason: 'room-of-others', facts };
}

/**
 * A room that the bridge waits for: to be let in, or to follow an upgrade into. The first event of a new room, its making,
 * comes here before all that was said in it. It may also be one of a room into which the bridge is not let yet: homeservers
 * tell of those too that have its alias. An adoption is completed by the bot's join when it comes back, or once
 * the bot is given the power.
 */
async function expectedRoom(
  bridge: Bridge,
  event: StateChange,
  use: Extract<RoomUse, { kind: 'awaited' | 'adopted' }>,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { signal } = attempt;
  const { homeserver, settings } = bridge;
  if (use.kind === 'adopted' && !isInvitationOfBot(settings.bot, event)) {
    const mayGivePower = event.type === 'm.room.power_levels';
    return mayGivePower && (await homeserver.isJoined(settings.bot, event.room_id, signal))
      ? completeAdoption(bridge, use.adoption, attempt)
      : { kind: 'ignored', reason: 'before-joining' };
  }
  const servers = [serverNameOf(event.sender)];
  const isLetIn = await homeserver.joinThrough(settings.bot, event.room_id, servers, signal);
  const reason = use.adoption === undefined ? 'replacement-not-open' : 'room-not-open';
  if (!isLetIn) return { kind: 'ignored', reason };
  return use.kind === 'awaited' ? followUpgrade(bridge, use.former, signal) : { kind: 'done' };
}

function isJoinOfBot(bot: MatrixUserId, { type, state_key, sender, content }: StateChange): boolean {
  return type === 'm.room.member' && state_key === bot && sender === bot && content['membership'] === 'join';
}

function isInvitationOfBot(bot: MatrixUserId, { type, state_key, content }: StateChange): boolean {
  return type === 'm.room.member' && state_key === bot && content['membership'] === 'invite';
}
