// The links of a room to other bridged rooms that should be there no more.
import type { RoomId } from '../../domain/ids.ts';
import { isBlank } from '../../mapping/desired-room.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import type { Bridge } from '../bridge.ts';

/** The rooms to which a room is linked as a bridged one and no longer should be; links that users made stay. */
export async function staleLinks(
  { store, db }: Pick<Bridge, 'db' | 'store'>,
  actual: readonly ActualState[],
  type: 'm.space.child' | 'm.space.parent',
  wanted: readonly RoomId[],
): Promise<readonly RoomId[]> {
  const keep = new Set<string>(wanted);
  const others = actual
    .filter((event) => event.type === type && !isBlank(event) && !keep.has(event.state_key))
    .map((event) => event.state_key as RoomId);
  return others.length === 0 ? [] : store.rooms.findBridgedRooms(db, others);
}
