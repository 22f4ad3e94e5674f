// The item by which clients are told that a message could not be recorded, or was after all.
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import { sendStatusDeliveryId } from '../../mapping/delivery-ids.ts';
import { sendStatusLane } from '../../mapping/lanes.ts';
import { SEND_FAILURES, sendStatusOf } from '../../mapping/send-status.ts';
import { eventId, roomId } from './ids.ts';

export const sendStatusItemSchema = z.object({
  kind: z.literal('send-status'),
  roomId,
  eventId,
  /** Left out for a message that was recorded after all. */
  failure: z.enum(SEND_FAILURES).optional(),
});
export type SendStatusItem = z.infer<typeof sendStatusItemSchema>;

/** The item. Its lane is the room's: of two statuses of one message, the last one holds. */
export function sendStatusItem({ roomId, eventId, failure }: Omit<SendStatusItem, 'kind'>): NewItem {
  return {
    lane: sendStatusLane(roomId),
    source: 'send-status',
    sourceId: sendStatusDeliveryId(eventId, sendStatusOf(failure)),
    payload: { kind: 'send-status', roomId, eventId, failure } satisfies SendStatusItem,
  };
}
