// Whether a conversation is open to its team's space: those who are in the space may join it without an invitation.
//
// The homeserver asks for no more than membership of the space. So all who are in it, or may come into it, must belong in the
// conversation as well: by the request, which names the team itself, and by the space as it is at this moment.
import { isOwnUser } from '../../mapping/own-users.ts';
import type { DesiredMember, Entry } from '../../mapping/desired-room.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import type { Definition, Placement } from './definition.ts';

/**
 * Finds out how a conversation is entered.
 * @param members who belong in the conversation
 */
export async function entryOf(
  { homeserver, settings }: Pick<Bridge, 'homeserver' | 'settings'>,
  { isForTeam }: Pick<Definition, 'isForTeam'>,
  {
    placement,
    members,
    row,
  }: {
    placement: Placement | undefined;
    members: readonly DesiredMember[];
    row: Pick<RoomRow, 'madeBy'> | undefined;
  },
  signal: AbortSignal,
): Promise<Entry> {
  if (!settings.joinThroughSpace || placement === undefined) return { kind: 'invited' };
  // Who may come into a room that a user made, its maker has decided.
  if (row?.madeBy === 'user' || !isForTeam(placement)) return { kind: 'invited' };
  const belong = new Set<string>(members.flatMap(({ userId, formerUserIds }) => [userId, ...formerUserIds]));
  const space = await homeserver.roomState(settings.bot, placement.roomId, signal);
  const inSpace = space
    .filter(({ type, content }) => type === 'm.room.member' && mayCome(content['membership']))
    .map(({ state_key: userId }) => userId)
    .filter((userId) => !isOwnUser(settings, userId));
  const isOpen = inSpace.every((userId) => belong.has(userId));
  return isOpen ? { kind: 'open', to: new Set(inSpace) } : { kind: 'kept-closed' };
}

function mayCome(membership: unknown): boolean {
  return membership === 'join' || membership === 'invite' || membership === 'knock';
}
