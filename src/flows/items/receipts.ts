// The item that looks at what a user has read in a room, once they have stopped scrolling.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import { peopleDigest } from '../../mapping/delivery-ids.ts';
import { receiptsLane } from '../../mapping/lanes.ts';
import { roomId, userId } from './ids.ts';

export const receiptsItemSchema = z.object({ kind: z.literal('receipts'), roomId, userId });
export type ReceiptsItem = z.infer<typeof receiptsItemSchema>;

/**
 * The items for receipts that are stored in the same transaction, one for each user and room.
 * @param seen when they were seen; at one such time each is stored once
 */
export function receiptsItems(
  receipts: readonly { readonly roomId: RoomId; readonly userId: MatrixUserId }[],
  seen: string,
): readonly NewItem[] {
  const items = receipts.map(({ roomId, userId }): NewItem => {
    const user = peopleDigest([userId]);
    return {
      lane: receiptsLane(roomId, user),
      source: 'receipts',
      sourceId: `${roomId} ${user} ${seen}`,
      payload: { kind: 'receipts', roomId, userId } satisfies ReceiptsItem,
    };
  });
  return [...new Map(items.map((item) => [item.sourceId, item])).values()];
}
