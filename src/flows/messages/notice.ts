// Tells a member something in the room: an inbox item of its own, so that it survives as messages do.
import type { ClientBase } from 'pg';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import { noticeDeliveryId, messageNoticeDeliveryId } from '../../mapping/delivery-ids.ts';
import { noticeMessage } from '../../mapping/notices.ts';
import { BRIDGE_NOTICE } from '../../messages/kind.ts';
import type { Attempt, NewItem } from '../../inbox/item.ts';
import type { OutgoingEvent } from '../../matrix/sends.ts';
import type { LinkKey } from '../../store/message-links.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { MessageNoticeItem } from '../items/message-notice.ts';
import type { NoticeItem } from '../items/notice.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { wasSaid } from './tell-sender.ts';
import type { FlowOutcome } from '../outcome.ts';
import { sendOnce, type SentOnce } from './send-once.ts';

/** What notices are sent with. */
export type NoticeSender = Pick<
  Bridge,
  'clock' | 'db' | 'files' | 'metrics' | 'sending' | 'settings' | 'store'
> & {
  readonly homeserver: Pick<Bridge['homeserver'], 'isJoined' | 'stateEvent'>;
};

/** A person is told the same of their messages in a room at most once in so long. */
const QUIET_MS = 60_000;

/** Tells of a state, unless that was told before. */
export async function sendNotice(
  bridge: NoticeSender,
  item: NoticeItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { store, db, clock, settings, metrics } = bridge;
  const { roomId, about, reason, since } = item;
  if (wasSaid(await store.notices.lastSaid(db, item), since)) return { kind: 'ignored', reason: 'said' };
  if (await isRoomOfOthers(bridge, roomId)) return { kind: 'ignored', reason: 'room-of-others' };
  const displayName = await displayNameOf(bridge, roomId, about, signal);
  const content = noticeMessage(settings.messages.texts, { about, displayName, reason });
  const deliveryId = noticeDeliveryId(roomId, about, reason, since);
  const said = await say(bridge, { roomId, deliveryId, content }, signal);
  if (said === 'left') return { kind: 'ignored', reason: 'left-room' };
  metrics.notices.inc({ reason });
  return {
    kind: 'done',
    record: (tx) => store.notices.saveSaid(tx, item, clock.now()),
    next: (tx) => knownAsNotice(bridge, tx, said),
  };
}

/** Tells of a message, and with it of those that came since the last notice; not before that one is a minute old. */
export async function sendMessageNotice(
  bridge: NoticeSender,
  item: MessageNoticeItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { store, db, clock, settings, metrics } = bridge;
  const { roomId, about, reason, eventId } = item;
  if (!(await store.untoldMessages.isUntold(db, item))) return { kind: 'ignored', reason: 'said' };
  if (await isRoomOfOthers(bridge, roomId)) return { kind: 'ignored', reason: 'room-of-others' };
  const saidAt = await store.notices.lastSaid(db, item);
  const quietMs = saidAt === undefined ? 0 : saidAt.getTime() + QUIET_MS - clock.now().getTime();
  if (quietMs > 0) return { kind: 'later', afterMs: quietMs };
  // Made up before it is sent: a retry tells of the same messages, and what comes meanwhile is told with the next notice.
  const count = await store.untoldMessages.gatherUntold(db, item);
  const displayName = await displayNameOf(bridge, roomId, about, signal);
  const content = noticeMessage(settings.messages.texts, {
    about,
    displayName,
    reason,
    count,
    answers: eventId,
  });
  const deliveryId = messageNoticeDeliveryId(eventId, reason);
  const said = await say(bridge, { roomId, deliveryId, content }, signal);
  if (said === 'left') return { kind: 'ignored', reason: 'left-room' };
  metrics.notices.inc({ reason });
  return {
    kind: 'done',
    record: async (tx) => {
      await store.untoldMessages.forgetTold(tx, item);
      await store.notices.saveSaid(tx, item, clock.now());
    },
    next: (tx) => knownAsNotice(bridge, tx, said),
  };
}

interface Said extends LinkKey, SentOnce {
  readonly roomId: RoomId;
}

/** @returns `left` where the bot is in the room no more: it has nobody to tell anything there */
async function say(
  bridge: NoticeSender,
  { roomId, deliveryId, content }: Pick<OutgoingEvent, 'content' | 'deliveryId' | 'roomId'>,
  signal: AbortSignal,
): Promise<Said | 'left'> {
  const { bot } = bridge.settings;
  const key = { cause: deliveryId, part: 0 };
  const of = { ...key, deliveryId, communication: undefined, kind: BRIDGE_NOTICE, timestamp: undefined };
  const send = { kind: 'send', type: 'm.room.message', content } as const;
  try {
    const sent = await sendOnce(bridge, { ...of, roomId, as: bot, viewer: bot }, send, signal);
    return { ...key, roomId, ...sent };
  } catch (error) {
    const isRefused = error instanceof BridgeError && error.code === 'matrix-refused';
    if (!isRefused || (await bridge.homeserver.isJoined(bot, roomId, signal))) throw error;
    return 'left';
  }
}

/** No record of it will come: what answers it need not wait, and what waits already goes on. */
async function knownAsNotice(
  { store }: Pick<NoticeSender, 'store'>,
  tx: ClientBase,
  { cause, part, roomId, eventId, sender }: Said,
): Promise<readonly NewItem[]> {
  await store.messageLinks.saveUnrecorded(tx, { cause, part, kind: BRIDGE_NOTICE, eventId, roomId, sender });
  return releaseWaiting(store, tx, [eventId], cause);
}

/** There the bridge is only the persons who were invited, and none of them says this. */
async function isRoomOfOthers({ store, db }: NoticeSender, roomId: RoomId): Promise<boolean> {
  return (await store.roomUses.findRoomUse(db, roomId)).kind === 'received';
}

/** The name under which the room shows a member, who may have left. */
async function displayNameOf(
  { homeserver, settings }: NoticeSender,
  roomId: RoomId,
  about: MatrixUserId,
  signal: AbortSignal,
): Promise<unknown> {
  const member = { type: 'm.room.member', state_key: about };
  return (await homeserver.stateEvent(settings.bot, roomId, member, signal))?.['displayname'];
}
