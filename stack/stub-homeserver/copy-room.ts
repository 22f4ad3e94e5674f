// Rooms by the thousand: copies of one that was made as rooms are.
import { randomBytes } from 'node:crypto';
import type { StoredEvent, World } from './world.ts';

/**
 * Adds a room with the state, members and level of another, as if it had been there before the stub was started: neither `/sync`
 * nor a transaction tells of it.
 * @param copy its id and alias, which are free
 */
export function copyRoom(
  world: World,
  roomId: string,
  copy: { readonly roomId: string; readonly alias: string },
): void {
  const room = world.rooms.get(roomId);
  if (room === undefined) throw new TypeError(`No room ${roomId} to be copied`);
  const state = new Map(
    [...room.state].map(([key, event]): [string, StoredEvent] => [
      key,
      { ...event, room_id: copy.roomId, event_id: `$${randomBytes(32).toString('base64url')}` },
    ]),
  );
  world.rooms.set(copy.roomId, {
    ...{ roomId: copy.roomId, version: room.version, state },
    timeline: [...state.values()].toSorted((one, other) => one.position - other.position),
  });
  world.aliases.set(copy.alias, copy.roomId);
  for (const user of world.users.values()) {
    const membership = user.rooms.get(roomId);
    if (membership !== undefined) user.rooms.set(copy.roomId, membership);
  }
}
