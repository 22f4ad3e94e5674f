// Tells a sender something in the room, once: an inbox item of its own, so that it survives as messages do.
import type { NoticeItem } from '../../domain/inbox.ts';
import { noticeDeliveryId } from '../../mapping/delivery-ids.ts';
import { noticeMessage } from '../../mapping/notices.ts';
import type { Attempt, NewItem, Outcome } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';

/** A notice as an inbox item. Its lane is its own: a notice never holds up the conversation. */
export function noticeItem({ roomId, about, reason }: NoticeItem): NewItem {
  return {
    lane: `notice:${roomId}`,
    source: 'notice',
    sourceId: noticeDeliveryId(roomId, about, reason),
    payload: { kind: 'notice', roomId, about, reason },
  };
}

/** Says a notice, unless it was said. */
export async function sayNotice(bridge: Bridge, item: NoticeItem, { signal }: Attempt): Promise<Outcome> {
  const { store, db, settings } = bridge;
  const { roomId, about, reason } = item;
  if (await store.notices.wasSaid(db, item)) return { kind: 'ignored', reason: 'said' };
  const deliveryId = noticeDeliveryId(roomId, about, reason);
  const content = noticeMessage(about, reason, deliveryId);
  await bridge.speaking.speak({ as: settings.bot, roomId, deliveryId, content }, signal);
  bridge.metrics.notices.inc({ reason });
  return { kind: 'done', record: (tx) => store.notices.saveSaid(tx, item) };
}
