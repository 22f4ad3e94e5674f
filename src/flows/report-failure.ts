// An item became a dead letter → the sender of its event is told so (rule 4), in the transaction that makes it one.
import type { OnDeadLetter } from '../inbox/item.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import type { BridgeError } from '../telemetry/errors.ts';
import { errorCatalogue, errorEntry } from '../telemetry/errors.ts';
import type { Bridge } from './bridge.ts';
import { isStateChange } from './from-matrix/state-change.ts';
import { eventItemSchema } from './items/event.ts';
import { noticeItem } from './items/notice.ts';

/** Creates what is done when an item becomes a dead letter. */
export function createReportFailure(bridge: Pick<Bridge, 'enqueue' | 'settings'>): OnDeadLetter {
  const { enqueue, settings } = bridge;
  return async (tx, { payload }, { code }) => {
    const event = eventItemSchema.safeParse(payload).data?.event;
    if (event === undefined || isOwnUser(settings, event.sender)) return;
    const { room_id: roomId, sender: about } = event;
    const reason = isStateChange(event)
      ? 'change-not-filed'
      : isCode(code)
        ? errorEntry(code).sender
        : 'not-filed';
    await enqueue(tx, [noticeItem({ roomId, about, reason })]);
  };
}

function isCode(code: string): code is BridgeError['code'] {
  return code in errorCatalogue;
}
