// Where a message was said: the conversation of a room, and who of the bridge is there to look at the room.
import { typeOf, type EventId, type MatrixUserId, type RoomId } from '../../domain/ids.ts';
import type { RoomUse } from '../../store/room-uses.ts';
import type { RoomRow } from '../../store/rooms.ts';

/** A conversation as far as its messages need it. */
export interface Place extends Pick<RoomRow, 'reference' | 'subject'> {
  /** The room where it was said, which may have been replaced since. */
  readonly roomId: RoomId;
  readonly firstMessageEventId: EventId | undefined;
  /** The bot; in a room of another organisation the ghost that was invited. */
  readonly viewer: MatrixUserId;
}

/** @returns undefined where the room is no conversation */
export function placeIn(
  use: RoomUse,
  roomId: RoomId,
  { bot }: { readonly bot: MatrixUserId },
): Place | undefined {
  if (use.kind === 'received') {
    const { reference, subject, guests } = use.received;
    return { reference, subject, roomId, firstMessageEventId: undefined, viewer: guests[0] };
  }
  if (!('room' in use) || typeOf(use.room.reference) !== 'CommunicationRequest') return undefined;
  const { reference, subject, firstMessageEventId } = use.room;
  return { reference, subject, roomId, firstMessageEventId, viewer: bot };
}
