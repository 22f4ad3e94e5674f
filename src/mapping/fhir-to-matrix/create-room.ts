// A desired room → the body of the createRoom request that makes it.
import type { MatrixUserId, RoomAlias } from '../../domain/ids.ts';
import { ROOM_MARKER_KEY } from '../../domain/matrix.ts';
import { localpartOf } from '../aliases.ts';
import { isBlank, type DesiredRoom } from '../desired-room.ts';
import { inVersion } from '../join-rules.ts';
import { powerLevels } from '../power-levels.ts';

/**
 * The body of `POST /createRoom`. It invites the ghosts, which saves a request for each. People are invited afterwards, one by
 * one: a request that fails half-way would leave a room that they can see already.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
 * @param marker by which the bridge recognises the room if the answer is lost
 */
export function createRoomBody(
  desired: DesiredRoom,
  {
    marker,
    bot,
    alias,
    roomVersion,
  }: { marker: string; bot: MatrixUserId; alias: RoomAlias; roomVersion: string },
): Record<string, unknown> {
  const { members } = desired;
  const ghosts = new Set(members.filter(({ kind }) => kind === 'ghost').map(({ userId }) => userId));
  return {
    room_version: roomVersion,
    room_alias_name: localpartOf(alias),
    visibility: 'private',
    preset: 'private_chat',
    creation_content: {
      ...(desired.kind === 'space' && { type: 'm.space' }),
      [ROOM_MARKER_KEY]: marker,
    },
    initial_state: desired.state
      .filter((event) => !isBlank(event))
      .map((event) => inVersion(event, roomVersion)),
    power_level_content_override: powerLevels(desired, { roomVersion, bot, people: members }),
    invite: [...ghosts].filter((userId) => userId !== bot),
  };
}
