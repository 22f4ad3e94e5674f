// A desired room → the body of the createRoom request that makes it.
import { ROOM_MARKER_KEY } from '../../domain/matrix.ts';
import type { DesiredRoom } from '../desired-room.ts';

/**
 * Body of `POST /createRoom`. Members are invited afterwards, one by one: with an invite list, a request that
 * dies half-way would leave a room that people already see.
 * @param marker by which the bridge knows the room for its own when the answer is lost
 */
export function createRoomBody(desired: DesiredRoom, marker: string): Record<string, unknown> {
  return {
    room_version: desired.roomVersion,
    room_alias_name: desired.aliasLocalpart,
    visibility: 'private',
    preset: 'private_chat',
    creation_content: {
      ...(desired.kind === 'space' && { type: 'm.space' }),
      [ROOM_MARKER_KEY]: marker,
    },
    initial_state: desired.state,
    power_level_content_override: desired.powerLevels,
  };
}
