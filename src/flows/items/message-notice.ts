// The item of a message of which its sender must be told something in the room.
import { z } from 'zod';
import { MESSAGE_REASONS } from '../../domain/notices.ts';
import type { NewItem } from '../../inbox/item.ts';
import { messageNoticeDeliveryId } from '../../mapping/delivery-ids.ts';
import { messageNoticeLane } from '../../mapping/lanes.ts';
import { eventId, roomId, userId } from './ids.ts';

export const messageNoticeItemSchema = z.object({
  kind: z.literal('message-notice'),
  roomId,
  about: userId,
  reason: z.enum(MESSAGE_REASONS),
  eventId,
});
export type MessageNoticeItem = z.infer<typeof messageNoticeItemSchema>;

/** A message of which its sender must be told, before it is an item. */
export type MessageNotice = Omit<MessageNoticeItem, 'kind'>;

/** The item, stored once per message and reason. */
export function messageNoticeItem({ roomId, about, reason, eventId }: MessageNotice): NewItem {
  return {
    lane: messageNoticeLane(roomId, about, reason),
    source: 'message-notice',
    sourceId: messageNoticeDeliveryId(eventId, reason),
    payload: { kind: 'message-notice', roomId, about, reason, eventId } satisfies MessageNoticeItem,
  };
}
