// Rooms that were separated from their resource: read-only at the first look, closed at the second.
import type { OrphanedRoom } from '../../store/orphaned-rooms.ts';
import type { Bridge } from '../bridge.ts';
import { endAccess, SECOND_LOOK_MS, type EndingAccess } from './end-access.ts';

/** Rooms at one time at most. */
const MOST = 50;
const AGAIN_MS = 10 * 60_000;

/** Looks at those that are due. @returns how many there were */
export async function lookAtOrphans(
  bridge: EndingAccess & Pick<Bridge, 'clock' | 'db' | 'log' | 'store'>,
  signal: AbortSignal,
): Promise<number> {
  const { clock, db, store } = bridge;
  const due = await store.orphanedRooms.findDueOrphans(db, clock.now(), MOST);
  for (const room of due) await lookAt(bridge, room, signal);
  return due.length;
}

async function lookAt(
  bridge: Parameters<typeof lookAtOrphans>[0],
  room: OrphanedRoom,
  signal: AbortSignal,
): Promise<void> {
  const { clock, db, log, store } = bridge;
  const { roomId, reference } = room;
  const phase = room.phase === 'open' ? 'read-only' : 'closed';
  const afterMs = await endAccess(bridge, room, phase, signal).then(
    () => SECOND_LOOK_MS,
    (error: unknown) => {
      signal.throwIfAborted();
      log.warn(
        { reference, error },
        'Could not end the access to a room without a resource; it is tried again',
      );
      return undefined;
    },
  );
  await store.orphanedRooms.saveLook(db, roomId, {
    phase: afterMs === undefined ? room.phase : phase,
    next: new Date(clock.now().getTime() + (afterMs ?? AGAIN_MS)),
  });
}
