// Sees to it that a sender is told what became of a message: by notices in the room, and by its status in their client.
import type { ClientBase } from 'pg';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { isStateReason, type NoticeReason, type StateReason } from '../../domain/notices.ts';
import type { SendFailure } from '../../mapping/send-status.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { messageNoticeItem } from '../items/message-notice.ts';
import { noticeItem } from '../items/notice.ts';
import { sendStatusItem } from '../items/send-status.ts';

/** What it is seen to with. */
export type TellSender = Pick<Bridge, 'metrics' | 'settings' | 'store'>;

type Sent = Pick<MatrixEvent, 'event_id' | 'room_id' | 'sender'>;

/** What clients are told of a message besides the notice; of other reasons they are told nothing, as the message is recorded. */
const FAILURE_OF: Readonly<Partial<Record<NoticeReason, SendFailure>>> = {
  'unsupported-content': 'unsupported-content',
  'encrypted-message': 'encrypted-message',
  'empty-message': 'empty-message',
  'unsupported-event': 'unsupported-event',
  'file-too-large': 'file-too-large',
  'file-not-allowed': 'file-not-allowed',
  'file-infected': 'file-infected',
  'file-not-scanned': 'file-not-scanned',
  'file-missing': 'file-missing',
  'too-large': 'too-large',
  'room-replaced': 'room-replaced',
};

/** The notices of an event to its sender, in the transaction that takes it off its lane; and its status, where it failed. */
export async function tellSender(
  bridge: TellSender,
  tx: ClientBase,
  event: Sent,
  reasons: readonly NoticeReason[],
): Promise<readonly NewItem[]> {
  const { event_id: eventId, room_id: roomId, sender: about } = event;
  const items: NewItem[] = [];
  for (const reason of reasons) {
    if (isStateReason(reason)) items.push(...(await stateNotices(bridge, tx, { roomId, about }, reason)));
    else {
      const untold = { roomId, about, reason, eventId };
      await bridge.store.untoldMessages.saveUntold(tx, untold);
      items.push(messageNoticeItem(untold));
      bridge.metrics.lostMessages.inc({ reason });
    }
    const failure = FAILURE_OF[reason];
    if (failure !== undefined) items.push(...statusItems(bridge, event, failure));
  }
  return items;
}

/**
 * The notice of a state, unless the member was told of it in this room before.
 * @param since when the state began, where it may end and begin again: it is told each time
 */
export async function stateNotices(
  { store }: Pick<TellSender, 'store'>,
  tx: ClientBase,
  { since, ...to }: { readonly roomId: RoomId; readonly about: MatrixUserId; readonly since?: Date },
  reason: StateReason,
): Promise<readonly NewItem[]> {
  const notice = { ...to, reason, since: since?.toISOString() };
  return wasSaid(await store.notices.lastSaid(tx, notice), notice.since) ? [] : [noticeItem(notice)];
}

/** Whether a state was told of that began then. @param saidAt when it was told last @param since undefined where it is told once */
export function wasSaid(saidAt: Date | undefined, since: string | undefined): boolean {
  return saidAt !== undefined && (since === undefined || saidAt.getTime() >= Date.parse(since));
}

/** The status of a message that failed, and may succeed later: that is told as well then. */
export async function tellFailure(
  bridge: TellSender,
  tx: ClientBase,
  event: Sent,
  failure: SendFailure,
): Promise<readonly NewItem[]> {
  await bridge.store.reportedFailures.saveFailure(tx, event.event_id, failure);
  return statusItems(bridge, event, failure);
}

/** The status of a message that was carried; nothing, unless it had failed. */
export async function tellSuccess(
  bridge: TellSender,
  tx: ClientBase,
  event: Sent,
): Promise<readonly NewItem[]> {
  const hadFailed = await bridge.store.reportedFailures.endFailure(tx, event.event_id);
  return hadFailed ? statusItems(bridge, event, undefined) : [];
}

function statusItems(
  { settings }: Pick<TellSender, 'settings'>,
  { event_id: eventId, room_id: roomId }: Sent,
  failure: SendFailure | undefined,
): readonly NewItem[] {
  return settings.sendStatus ? [sendStatusItem({ roomId, eventId, failure })] : [];
}
