// An event of a room that the tables do not name: where the bridge made the room, the room may only be missing from them still.
import { ROOM_MARKER_KEY } from '../../domain/matrix.ts';
import type { RoomId } from '../../domain/ids.ts';
import { STRUCTURE_LANES } from '../../mapping/lanes.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { fhirReader } from '../reader-names.ts';

type Asking = Pick<Bridge, 'clock' | 'db' | 'homeserver' | 'settings' | 'store' | 'thread'>;

/** For so long an event waits: a room that could not be made for good keeps no one waiting. */
const LONGEST_MS = 60 * 60_000;

/**
 * Whether the tables may come to name a room: the bridge made it, and died before it recorded that, or its database was
 * restored to an earlier state, and not all is compared and read again yet.
 * @param receivedAt when the event came
 */
export async function mayBecomeKnown(
  { clock, db, homeserver, settings, store, thread }: Asking,
  roomId: RoomId,
  receivedAt: Date,
  signal: AbortSignal,
): Promise<boolean> {
  if (clock.now().getTime() - receivedAt.getTime() > LONGEST_MS) return false;
  // Where the headers of conversations are Communications, their reader brings conversations too.
  const reader = fhirReader(thread.header === undefined ? 'CommunicationRequest' : 'Communication');
  if (!(await store.restorations.mayLackRooms(db, { reader, lanes: STRUCTURE_LANES }))) return false;
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
