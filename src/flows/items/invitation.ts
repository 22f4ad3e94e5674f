// An invitation of the bot or a ghost, as `/sync` shows it, as an inbox item.
import type { InvitationItem } from '../../domain/inbox.ts';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import { roomLane } from '../../mapping/lanes.ts';
import type { NewItem } from '../../inbox/item.ts';

/** An invitation, as far as an item names it: what it says of a patient is asked for when it is answered. */
export interface Standing {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  readonly sender: MatrixUserId;
}

/**
 * The item, in the lane of the room: the pushed event, if it comes, is handled before or after it.
 * @param seen when it was seen; at one such time it is stored once
 */
export function invitationItem({ roomId, userId, sender }: Standing, seen: string): NewItem {
  const payload: InvitationItem = { kind: 'matrix.invitation', roomId, userId, sender };
  return {
    lane: roomLane(roomId),
    source: 'matrix.invitation',
    sourceId: `${roomId} ${userId} ${seen}`,
    payload: { ...payload },
  };
}
