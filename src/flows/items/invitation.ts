// The item of an invitation of the bot or a ghost, as `/sync` shows it: without an event id, and maybe never pushed.
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import { roomLane } from '../../mapping/lanes.ts';
import { roomId, userId } from './ids.ts';

export const invitationItemSchema = z.object({
  kind: z.literal('matrix.invitation'),
  roomId,
  /** The bot or a ghost. */
  userId,
  sender: userId,
});
export type InvitationItem = z.infer<typeof invitationItemSchema>;

/** An invitation, as far as an item names it: what it says of a patient is asked for when it is answered. */
export type PendingInvitation = Omit<InvitationItem, 'kind'>;

/**
 * The item, in the lane of the room: the pushed event, if it comes, is handled before or after it.
 * @param seen when it was seen; at one such time it is stored once
 */
export function invitationItem({ roomId, userId, sender }: PendingInvitation, seen: string): NewItem {
  return {
    lane: roomLane(roomId),
    source: 'matrix.invitation',
    sourceId: `${roomId} ${userId} ${seen}`,
    payload: { kind: 'matrix.invitation', roomId, userId, sender } satisfies InvitationItem,
    isBulk: true,
  };
}
