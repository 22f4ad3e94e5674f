// Which pushed events are none of the bridge's business: those of rooms that it does not serve, which it never stores.
import type { ClientBase } from 'pg';
import type { RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import type { findBusyLanes } from '../inbox/known-items.ts';
import { roomLane } from '../mapping/lanes.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import type { Store } from '../store/tables.ts';
import type { BridgeSettings } from './bridge.ts';
import { isStorableKey } from './make-each.ts';

interface Deps {
  readonly store: Pick<Store, 'roomUses'>;
  readonly settings: Pick<BridgeSettings, 'ghostPrefix' | 'serverName'>;
  readonly findBusyLanes: typeof findBusyLanes;
}

/**
 * Leaves out the events of rooms that the bridge does not serve, such as those of another organisation that only a ghost was once in.
 * What may make the bridge serve a room is kept, and all that comes behind it: the membership of the bot or a ghost, and whatever of
 * the room is not handled yet. In a room that the bot is in, `/sync` shows again what is left out here.
 */
export async function ofServedRooms(
  { store, settings, findBusyLanes }: Deps,
  tx: ClientBase,
  events: readonly MatrixEvent[],
): Promise<readonly MatrixEvent[]> {
  const roomIds = [...new Set(events.map((event) => event.room_id))];
  const asked = roomIds.filter(isStorableKey);
  // An id that no table can hold is told of when its event is stored.
  const served = new Set<RoomId>(roomIds.filter((roomId) => !isStorableKey(roomId)));
  for (const roomId of await store.roomUses.findServed(tx, asked)) served.add(roomId);
  const others = asked.filter((roomId) => !served.has(roomId));
  if (others.length === 0) return events;
  const busy = await findBusyLanes(tx, others.map(roomLane));
  for (const roomId of others) if (busy.has(roomLane(roomId))) served.add(roomId);
  return events.filter((event) => {
    if (isOfOwnUser(settings, event)) served.add(event.room_id);
    return served.has(event.room_id);
  });
}

function isOfOwnUser(settings: Deps['settings'], { type, state_key: userId }: MatrixEvent): boolean {
  return type === 'm.room.member' && userId !== undefined && isOwnUser(settings, userId);
}
