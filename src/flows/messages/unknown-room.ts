// An event of a room that the tables do not name: where the bridge made the room, the room may only be missing from them still.
import { ROOM_MARKER_KEY } from '../../domain/matrix.ts';
import type { RoomId } from '../../domain/ids.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';

/**
 * Whether the tables may come to name a room: the bridge made it, and died before it recorded that, or its database was
 * restored to an earlier state, and not all resources are compared yet.
 * @param receivedAt when the event came
 */
export async function mayBecomeKnown(
  { db, homeserver, settings, store }: Pick<Bridge, 'db' | 'homeserver' | 'settings' | 'store'>,
  roomId: RoomId,
  receivedAt: Date,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await store.restorations.mayLackRooms(db, receivedAt))) return false;
  try {
    const making = { type: 'm.room.create', state_key: '' };
    const create = await homeserver.stateEvent(settings.bot, roomId, making, signal);
    return create?.[ROOM_MARKER_KEY] !== undefined;
  } catch (error) {
    // The bot is not in the room, or not any more.
    if (error instanceof BridgeError && error.code === 'matrix-refused') return false;
    throw error;
  }
}
