// A message was said in a conversation's room → it becomes one Communication on the FHIR server.
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import { referenceTo, typeOf } from '../../domain/ids.ts';
import type { NoticeItem, NoticeReason } from '../../domain/inbox.ts';
import { contentDigest } from '../../mapping/digest.ts';
import { readCommunication } from '../../mapping/fhir-to-matrix/communication.ts';
import { messageToCommunication } from '../../mapping/matrix-to-fhir/message.ts';
import type { Attempt, Outcome } from '../../inbox/item.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { noticeItem } from './notice.ts';
import { isOwnUser } from '../../mapping/own-users.ts';

/** Events that say something in the room, and so are recorded, at least as "something was said". */
const MESSAGES: ReadonlySet<string> = new Set([
  'm.room.message',
  'm.room.encrypted',
  'm.sticker',
  'm.poll.start',
]);
/** Events by which people change what was said; the record does not follow them yet, and they are told so. */
const CHANGES: ReadonlySet<string> = new Set(['m.room.redaction', 'm.reaction']);

/** Handles an event of a room. */
export async function messageToFhir(bridge: Bridge, event: MatrixEvent, attempt: Attempt): Promise<Outcome> {
  const { db, store, settings } = bridge;
  if (isOwnUser(settings, event.sender)) return { kind: 'ignored', reason: 'own-message' };
  if (event.state_key !== undefined) return { kind: 'ignored', reason: 'state' };
  const room = await store.rooms.findRoomById(db, event.room_id);
  if (room === undefined || typeOf(room.reference) !== 'CommunicationRequest') {
    return { kind: 'ignored', reason: 'not-a-conversation' };
  }
  if (CHANGES.has(event.type)) return notCarried(bridge, event, 'unsupported-event');
  if (!MESSAGES.has(event.type)) return { kind: 'ignored', reason: 'not-a-message' };
  if (await wasReplaced(bridge, event, room)) return notCarried(bridge, event, 'room-replaced');
  const known = await store.messages.findMessageByEvent(db, event.event_id);
  if (known?.completed === true) return { kind: 'ignored', reason: 'known' };
  return recordMessage(bridge, event, room, attempt);
}

async function recordMessage(
  bridge: Bridge,
  event: MatrixEvent,
  room: RoomRow,
  attempt: Attempt,
): Promise<Outcome> {
  const { db, store, settings } = bridge;
  const sender = await store.people.findPersonByUserId(db, event.sender);
  const { communication, lossy } = messageToCommunication(event, {
    request: room.reference,
    subject: room.subject,
    sender,
    sourceSystemExtension: settings.sourceSystemExtension,
  });
  const own =
    settings.idStrategy === 'client-assigned' ? referenceTo('Communication', communication.id) : undefined;
  // Before the write: whoever reads the new Communication first must find it here as the bridge's own.
  await store.messages.startFromMatrix(db, {
    eventId: event.event_id,
    communication: own,
    roomId: event.room_id,
  });
  const version = await bridge.fhir.createOnce(communication, {
    mayExist: attempt.number > 1 || attempt.inDoubt,
    signal: attempt.signal,
  });
  const digest = contentDigest(readCommunication(communication, settings));
  const notices = await unsaid(bridge, event, [
    ...(sender === undefined ? (['unmapped-sender'] as const) : []),
    ...(lossy ? (['unsupported-content'] as const) : []),
  ]);
  return {
    kind: 'done',
    record: async (tx) => {
      const { reference } = version;
      await store.messages.completeFromMatrix(tx, event.event_id, { communication: reference, digest });
      await store.resourceVersions.recordWritten(tx, version);
      await bridge.enqueue(tx, notices.map(noticeItem));
      bridge.metrics.messages.inc({ direction: 'to-fhir' });
    },
  };
}

/** Whether the conversation had gone on to another room when this was said; what was said before is recorded, however late. */
async function wasReplaced({ store, db }: Bridge, event: MatrixEvent, { roomId }: RoomRow): Promise<boolean> {
  if (roomId === event.room_id) return false;
  const followedAt = await store.formerRooms.findFollowedAt(db, event.room_id);
  return followedAt !== undefined && event.origin_server_ts > followedAt.getTime();
}

async function notCarried(
  bridge: Bridge,
  event: MatrixEvent,
  reason: 'unsupported-event' | 'room-replaced',
): Promise<Outcome> {
  const notices = await unsaid(bridge, event, [reason]);
  return {
    kind: 'ignored',
    reason,
    record: async (tx) => {
      await bridge.enqueue(tx, notices.map(noticeItem));
    },
  };
}

/** Of these reasons, those that the sender has not been told in this room yet. */
async function unsaid(
  { store, db }: Bridge,
  { room_id: roomId, sender: about }: { room_id: RoomId; sender: MatrixUserId },
  reasons: readonly NoticeReason[],
): Promise<readonly NoticeItem[]> {
  const notices: NoticeItem[] = [];
  for (const reason of reasons) {
    if (!(await store.notices.wasSaid(db, { roomId, about, reason })))
      notices.push({ kind: 'notice', roomId, about, reason });
  }
  return notices;
}
