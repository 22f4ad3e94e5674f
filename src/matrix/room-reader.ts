// Reads on in a room that is behind: oldest first, each page stored before the next is asked for.
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import { isRefusal } from './client.ts';
import type { Homeserver } from './homeserver.ts';
import type { ShownRoom } from './sync.ts';
import { named } from './transactions.ts';

/** A room that is behind. */
export interface RoomBehind {
  readonly roomId: RoomId;
  /** The token to read on from. */
  readonly position: string;
}

/** A page of a room that is behind. */
export interface ReadPage<Room extends RoomBehind> extends ShownRoom {
  /** As it stood before the page was asked for. */
  readonly room: Room;
  /** The token to go on from; undefined where the room has no more. */
  readonly next: string | undefined;
}

interface Deps<Room extends RoomBehind> {
  readonly homeserver: Pick<Homeserver, 'messagesAfter'>;
  readonly bot: MatrixUserId;
  /** Stores a page, in one transaction. @returns the room as it stands now; undefined when it is not behind any more */
  readonly store: (page: ReadPage<Room>) => Promise<Room | undefined>;
}

/**
 * Reads on until the room is not behind any more.
 * @returns `not-shown` where the homeserver does not show the room any more, since the bot was put out of it meanwhile
 * @throws BridgeError what was read before is stored
 */
export async function readOn<Room extends RoomBehind>(
  { homeserver, bot, store }: Deps<Room>,
  from: Room,
  signal: AbortSignal,
): Promise<'read' | 'not-shown'> {
  let room: Room | undefined = from;
  while (room !== undefined) {
    signal.throwIfAborted();
    const { roomId, position }: RoomBehind = room;
    try {
      const page = await homeserver.messagesAfter(bot, roomId, position, signal);
      const setAside = named(page.setAside, `${roomId} ${position}`);
      const next = page.end === position ? undefined : page.end;
      room = await store({ room, roomId, events: page.events, setAside, next });
    } catch (error) {
      if (isRefusal(error, 403, 404)) return 'not-shown';
      throw error;
    }
  }
  return 'read';
}
