// Tells a sender something in the room, once: an inbox item of its own, so that it survives as messages do.
import type { NoticeReason } from '../../domain/notices.ts';
import { noticeDeliveryId } from '../../mapping/delivery-ids.ts';
import { noticeMessage } from '../../mapping/notices.ts';
import type { Attempt, NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { noticeItem, type Notice, type NoticeItem } from '../items/notice.ts';
import type { FlowOutcome } from '../outcome.ts';

/** The notices to a user; those that they were told in this room before are left out. */
export async function noticesFor(
  { store, db }: Pick<Bridge, 'db' | 'store'>,
  to: Pick<Notice, 'roomId' | 'about'>,
  reasons: readonly NoticeReason[],
): Promise<readonly NewItem[]> {
  const items: NewItem[] = [];
  for (const reason of reasons) {
    const notice = { ...to, reason };
    if (!(await store.notices.wasSaid(db, notice))) items.push(noticeItem(notice));
  }
  return items;
}

/** Sends a notice, unless it was sent. */
export async function sendNotice(
  bridge: Pick<Bridge, 'db' | 'metrics' | 'sending' | 'settings' | 'store'>,
  item: NoticeItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { store, db, settings, sending, metrics } = bridge;
  const { roomId, about, reason } = item;
  if (await store.notices.wasSaid(db, item)) return { kind: 'ignored', reason: 'said' };
  // There the bridge is only the persons who were invited, and none of them says this.
  if ((await store.roomUses.findRoomUse(db, roomId)).kind === 'received')
    return { kind: 'ignored', reason: 'room-of-others' };
  const deliveryId = noticeDeliveryId(roomId, about, reason);
  const content = noticeMessage(about, reason);
  const event = { as: settings.bot, roomId, deliveryId, type: 'm.room.message', content };
  await sending.sendAs(event, signal);
  metrics.notices.inc({ reason });
  return { kind: 'done', record: (tx) => store.notices.saveSaid(tx, item) };
}
