// The item of a notice: something that a sender must be told in the room.
import { z } from 'zod';
import { NOTICE_REASONS } from '../../domain/notices.ts';
import type { NewItem } from '../../inbox/item.ts';
import { noticeDeliveryId } from '../../mapping/delivery-ids.ts';
import { noticeLane } from '../../mapping/lanes.ts';
import { roomId, userId } from './ids.ts';

export const noticeItemSchema = z.object({
  kind: z.literal('notice'),
  roomId,
  about: userId,
  reason: z.enum(NOTICE_REASONS),
  /** When the state began, where it may end and begin again: it is told each time. */
  since: z.iso.datetime().optional(),
});
export type NoticeItem = z.infer<typeof noticeItemSchema>;

/** A notice before it is an item. */
export type Notice = Omit<NoticeItem, 'kind'>;

/** The item of a notice. Its lane is its own: a notice never holds up the conversation. */
export function noticeItem({ roomId, about, reason, since }: Notice): NewItem {
  return {
    lane: noticeLane(roomId),
    source: 'notice',
    sourceId: noticeDeliveryId(roomId, about, reason, since),
    payload: { kind: 'notice', roomId, about, reason, since } satisfies NoticeItem,
  };
}
