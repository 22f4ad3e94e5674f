// The directories: of aliases, and of public rooms.
import type { Call, Reply } from './requests.ts';
import { ok, param } from './requests.ts';
import { levelOf, levelToSend } from './auth-rules.ts';
import { forbidden, MatrixFailure } from './failure.ts';
import type { Room } from './world.ts';

/** Lets an alias point at a room. @throws MatrixFailure when it is taken, or not for the one who asks */
export function addAlias({ world, appservice, requester }: Call, alias: string, room: Room): void {
  if (appservice.isOwnAlias(alias) !== requester.isAppservice)
    throw new MatrixFailure(400, 'M_EXCLUSIVE', 'This alias is not in your namespace');
  if (world.aliases.has(alias))
    throw new MatrixFailure(409, 'M_UNKNOWN', `Room alias ${alias} already exists`);
  world.aliases.set(alias, room.roomId);
}

/** `GET /directory/room/{alias}`, which anyone may ask. */
export function resolveAlias(call: Call): Reply {
  const alias = param(call, 'alias');
  const roomId = call.world.aliases.get(alias);
  if (roomId === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', `Room alias ${alias} not found`);
  return ok({ room_id: roomId, servers: [call.world.serverName] });
}

/** `PUT /directory/room/{alias}` */
export function putAlias(call: Call): Reply {
  const room = call.world.rooms.get(String(call.body['room_id']));
  if (room === undefined) throw new MatrixFailure(400, 'M_UNKNOWN', 'Room does not exist');
  addAlias(call, param(call, 'alias'), room);
  return ok();
}

/** `DELETE /directory/room/{alias}`; an appservice is not told whether it was there. */
export function deleteAlias(call: Call): Reply {
  const { world, appservice, requester } = call;
  const alias = param(call, 'alias');
  if (appservice.isOwnAlias(alias) !== requester.isAppservice)
    throw new MatrixFailure(400, 'M_EXCLUSIVE', 'This alias is not in your namespace');
  world.aliases.delete(alias);
  return ok();
}

/** `GET /directory/list/room/{roomId}`, which anyone may ask. */
export function readListing(call: Call): Reply {
  const { roomId } = roomOf(call);
  return ok({ visibility: call.world.listed.has(roomId) ? 'public' : 'private' });
}

/** `PUT /directory/list/room/{roomId}`, which asks for the power over the room's aliases. */
export function putListing(call: Call): Reply {
  const room = roomOf(call);
  const needed = levelToSend(room, { type: 'm.room.canonical_alias', state_key: '' });
  if (levelOf(room, call.requester.userId) < needed) throw forbidden('Too little power to list the room');
  if (call.body['visibility'] === 'private') call.world.listed.delete(room.roomId);
  else call.world.listed.add(room.roomId);
  return ok();
}

function roomOf(call: Call): Room {
  const room = call.world.rooms.get(param(call, 'roomId'));
  if (room === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Unknown room');
  return room;
}
