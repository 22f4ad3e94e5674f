// A desired room → the body of the createRoom request that makes it.
import type { MatrixUserId } from '../../domain/ids.ts';
import { ROOM_MARKER_KEY } from '../../domain/matrix.ts';
import type { DesiredRoom } from '../desired-room.ts';
import { isBlank } from '../desired-room.ts';
import { powerLevels } from '../power-levels.ts';

/**
 * Body of `POST /createRoom`. Ghosts are invited with it, which saves a request for each; people are invited
 * afterwards, one by one: a request that dies half-way would leave a room that they already see.
 * @param marker by which the bridge knows the room for its own when the answer is lost
 */
export function createRoomBody(
  desired: DesiredRoom,
  { marker, bot }: { marker: string; bot: MatrixUserId },
): Record<string, unknown> {
  const { roomVersion, members } = desired;
  const ghosts = new Set(members.filter(({ kind }) => kind === 'ghost').map(({ userId }) => userId));
  return {
    room_version: roomVersion,
    room_alias_name: desired.aliasLocalpart,
    visibility: 'private',
    preset: 'private_chat',
    creation_content: {
      ...(desired.kind === 'space' && { type: 'm.space' }),
      [ROOM_MARKER_KEY]: marker,
    },
    initial_state: desired.state.filter((event) => !isBlank(event)),
    power_level_content_override: powerLevels(desired, { roomVersion, bot, people: members }),
    invite: [...ghosts].filter((userId) => userId !== bot),
  };
}
