// An item became a dead letter → the sender of its event is told so (rule 4), in the transaction that makes it one.
import type { OnDeadLetter } from '../inbox/item.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import type { Bridge } from './bridge.ts';
import { isStateChange } from './from-matrix/state-change.ts';
import { eventItemSchema } from './items/event.ts';
import { noticeItem } from './items/notice.ts';

/** Creates what is done when an item becomes a dead letter. */
export function createReportFailure({
  enqueue,
  settings,
}: Pick<Bridge, 'enqueue' | 'settings'>): OnDeadLetter {
  return async (tx, { payload }) => {
    const event = eventItemSchema.safeParse(payload).data?.event;
    if (event === undefined || isOwnUser(settings, event.sender)) return;
    const { room_id: roomId, sender: about } = event;
    const reason = isStateChange(event) ? 'change-not-filed' : 'not-filed';
    await enqueue(tx, [noticeItem({ roomId, about, reason })]);
  };
}
