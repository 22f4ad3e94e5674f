// An event of a room that the tables do not name: they may only lack it still, or the room is to replace another.
import { ROOM_MARKER_KEY } from '../../domain/matrix.ts';
import { predecessorIn } from '../../mapping/matrix-to-fhir/room-request.ts';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import { STRUCTURE_LANES } from '../../mapping/lanes.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { isStorableKey } from '../make-each.ts';
import { fhirReader } from '../reader-names.ts';

type Asking = Pick<Bridge, 'clock' | 'db' | 'homeserver' | 'settings' | 'store' | 'thread'>;

/** For so long an event waits: a room that could not be made for good keeps no one waiting. */
const LONGEST_MS = 60 * 60_000;

/**
 * Whether the tables may come to name a room in which the bot is. It replaces a room of a conversation, and the bridge is about to
 * follow. Or the bridge made it, and died before it recorded that, or its database was restored to an earlier state, and not all is
 * compared and read again yet.
 * @param receivedAt when the event came
 */
export async function mayBecomeKnown(
  { clock, db, homeserver, settings, store, thread }: Asking,
  roomId: RoomId,
  receivedAt: Date,
  signal: AbortSignal,
): Promise<boolean> {
  if (clock.now().getTime() - receivedAt.getTime() > LONGEST_MS) return false;
  const create = await makingOf(homeserver, settings.bot, roomId, signal);
  if (create === undefined) return false;
  const predecessor = predecessorIn(create);
  if (predecessor !== undefined && isStorableKey(predecessor)) {
    const { kind } = await store.roomUses.findRoomUse(db, predecessor as RoomId);
    if (kind === 'conversation') return true;
  }
  if (create[ROOM_MARKER_KEY] === undefined) return false;
  // Where the headers of conversations are Communications, their reader brings conversations too.
  const reader = fhirReader(thread.header === undefined ? 'CommunicationRequest' : 'Communication');
  return store.restorations.mayLackRooms(db, { reader, lanes: STRUCTURE_LANES });
}

/** The content of the event by which a room was made; undefined where the bot is not in the room, or not any more. */
async function makingOf(
  homeserver: Asking['homeserver'],
  bot: MatrixUserId,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return await homeserver.stateEvent(bot, roomId, { type: 'm.room.create', state_key: '' }, signal);
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'matrix-refused') return undefined;
    throw error;
  }
}
