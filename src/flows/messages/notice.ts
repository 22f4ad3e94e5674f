// Tells a sender something in the room, once: an inbox item of its own, so that it survives as messages do.
import type { NoticeReason } from '../../domain/notices.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { noticeDeliveryId } from '../../mapping/delivery-ids.ts';
import { noticeMessage } from '../../mapping/notices.ts';
import type { Attempt, NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import type { NoticeItem } from '../items/notice.ts';
import { noticeItem } from '../items/notice.ts';
import type { FlowOutcome } from '../outcome.ts';

/** The notices for the sender of an event; those that they were told in this room before are left out. */
export async function noticesFor(
  { store, db }: Pick<Bridge, 'db' | 'store'>,
  { room_id: roomId, sender: about }: MatrixEvent,
  reasons: readonly NoticeReason[],
): Promise<readonly NewItem[]> {
  const items: NewItem[] = [];
  for (const reason of reasons) {
    if (!(await store.notices.wasSaid(db, { roomId, about, reason })))
      items.push(noticeItem({ roomId, about, reason }));
  }
  return items;
}

/** Sends a notice, unless it was sent. */
export async function sendNotice(
  {
    store,
    db,
    settings,
    sending,
    metrics,
  }: Pick<Bridge, 'db' | 'metrics' | 'sending' | 'settings' | 'store'>,
  item: NoticeItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { roomId, about, reason } = item;
  if (await store.notices.wasSaid(db, item)) return { kind: 'ignored', reason: 'said' };
  const deliveryId = noticeDeliveryId(roomId, about, reason);
  const content = noticeMessage(about, reason);
  const event = { as: settings.bot, roomId, deliveryId, type: 'm.room.message', content };
  await sending.sendAs(event, signal);
  metrics.notices.inc({ reason });
  return { kind: 'done', record: (tx) => store.notices.saveSaid(tx, item) };
}
