// A member invited someone into a conversation → the invitation is taken back where only who started it may invite.
import { typeOf, type MatrixUserId } from '../../domain/ids.ts';
import { powerIn } from '../../mapping/attainable-power.ts';
import type { DesiredMember } from '../../mapping/desired-room.ts';
import { startersOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { INVITES_ANYWHERE } from '../../mapping/power-levels.ts';
import type { RoomState } from '../../matrix/room-state.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { tellSender } from '../messages/tell-sender.ts';
import { refused, type FlowOutcome } from '../outcome.ts';
import { createReadSet } from '../people/read-set.ts';
import { resolvePeople } from '../people/resolve-people.ts';
import { readRoomSpec } from '../structure/room-spec.ts';
import type { StateChange } from './state-change.ts';

/**
 * Takes back an invitation by a member who may invite only into conversations that they started, which Matrix cannot
 * express. In a space Matrix itself asks for the level. May be repeated.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-power-levels--toestemmingen
 * @returns undefined where the invitation stands
 */
export async function undoInvitation(
  bridge: Bridge,
  event: StateChange,
  { reference, madeBy }: Pick<RoomRow, 'reference' | 'madeBy'>,
  signal: AbortSignal,
): Promise<FlowOutcome | undefined> {
  const { homeserver, settings } = bridge;
  if (typeOf(reference) !== 'CommunicationRequest') return undefined;
  const reads = createReadSet(bridge.fhir, signal);
  const spec = await readRoomSpec(bridge, reads, reference, signal);
  if (spec === undefined) return undefined;
  const { members } = spec.people;
  const invited = event.state_key as MatrixUserId;
  if (belongs(members, invited) || mayInviteAnywhere(members, event.sender)) return undefined;
  const state = await homeserver.roomState(settings.bot, event.room_id, signal);
  if (madeBy === 'user' && createIn(state)?.sender === event.sender) return undefined;
  if (await hasStarted(bridge, event.sender, { reads, reference }, signal)) return undefined;
  if (isPresent(state, invited) && mayRemove(state, settings.bot, invited))
    await homeserver.kick(settings.bot, event.room_id, invited, signal);
  return {
    ...refused('may-not-invite', event.sender, reference),
    next: async (tx) => [
      convergeItem(reference, event.event_id),
      ...(await tellSender(bridge, tx, event, ['may-not-invite'])),
    ],
  };
}

/** FHIR wants them there: they would only be invited again. */
function belongs(members: readonly DesiredMember[], userId: MatrixUserId): boolean {
  return members.some(
    (member) =>
      member.userId === userId || member.relayGhost === userId || member.formerUserIds.includes(userId),
  );
}

function mayInviteAnywhere(members: readonly DesiredMember[], userId: MatrixUserId): boolean {
  return members.some((member) => member.userId === userId && member.level >= INVITES_ANYWHERE);
}

/** By the account of who began it, whether the request names them as a person or by a role. */
async function hasStarted(
  bridge: Bridge,
  userId: MatrixUserId,
  { reads, reference }: Pick<RoomRow, 'reference'> & { readonly reads: ReturnType<typeof createReadSet> },
  signal: AbortSignal,
): Promise<boolean> {
  const request = reads.find(reference);
  if (request?.resourceType !== 'CommunicationRequest') return false;
  const { members } = await resolvePeople(bridge, reads, startersOf(request), signal);
  return members.some((member) => member.userId === userId);
}

function createIn(state: RoomState) {
  return state.find(({ type }) => type === 'm.room.create');
}

function isPresent(state: RoomState, userId: MatrixUserId): boolean {
  const member = state.find(({ type, state_key }) => type === 'm.room.member' && state_key === userId);
  return member?.content['membership'] === 'join' || member?.content['membership'] === 'invite';
}

/** In a room of a user the bridge may lack the power; they were told that it needs it. */
function mayRemove(state: RoomState, bot: MatrixUserId, userId: MatrixUserId): boolean {
  const levels = state.find(({ type }) => type === 'm.room.power_levels')?.content;
  return powerIn(createIn(state), levels, bot).kick(userId);
}
