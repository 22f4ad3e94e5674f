// Makes one send of a message, once: the link comes first, and an attempt that was long ago, or by another user, is looked for
// before the send is repeated.
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { communicationDeliveryId } from '../../mapping/delivery-ids.ts';
import type { MatrixSend } from '../../messages/effects.ts';
import type { KindName } from '../../messages/kind.ts';
import { relationsOf } from '../../messages/relations.ts';
import type { LinkKey } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import { withFileUploaded } from './copy-files.ts';

/** For how long the homeserver knows a txn id for certain (it keeps them 24 hours). */
const TXN_ID_KNOWN_MS = 20 * 60 * 60 * 1000;

/** Of which message it is, and as whom it is sent. */
export interface Delivery extends LinkKey {
  readonly communication: FhirReference;
  readonly kind: KindName;
  readonly roomId: RoomId;
  readonly as: MatrixUserId;
  /** Who of the bridge is in the room for certain. */
  readonly viewer: MatrixUserId;
  /** Milliseconds since the epoch to show as the time of sending. */
  readonly timestamp: number | undefined;
}

/** What came of a send. */
export interface SentOnce {
  readonly eventId: EventId;
  /** A text stands in place of its file; unknown of an earlier attempt, and false then. */
  readonly isRefused: boolean;
}

/** Sends or redacts. */
export async function sendOnce(
  sender: Pick<Bridge, 'clock' | 'db' | 'files' | 'sending' | 'settings' | 'store'>,
  { cause, part, communication, kind, roomId, as, viewer, timestamp }: Delivery,
  send: MatrixSend,
  signal: AbortSignal,
): Promise<SentOnce> {
  const { clock, db, sending, store } = sender;
  const deliveryId = communicationDeliveryId(cause, part);
  const begun = await store.messageLinks.startLink(db, {
    ...{ origin: 'fhir', cause, part, kind, communication, eventId: undefined, roomId, sender: as },
    target: send.kind === 'redact' ? send.eventId : send.target,
    sentAt: timestamp === undefined ? undefined : new Date(timestamp),
    threadRoot: send.kind === 'send' ? relationsOf(send.content).threadRoot : undefined,
  });
  if (send.kind === 'redact') {
    const { eventId } = send;
    return {
      eventId: await sending.redactAs({ as, roomId, deliveryId, eventId }, signal),
      isRefused: false,
    };
  }
  const isLongAgo = clock.now().getTime() - begun.startedAt.getTime() >= TXN_ID_KNOWN_MS;
  const earlier =
    isLongAgo || begun.sender !== as
      ? await sending.findSent({ roomId, viewer }, deliveryId, signal)
      : undefined;
  if (earlier !== undefined) return { eventId: earlier, isRefused: false };
  const { content, isRefused } = await withFileUploaded(sender, send, deliveryId, signal);
  const event = { as, roomId, deliveryId, timestamp, type: send.type, content };
  return { eventId: await sending.sendAs(event, signal), isRefused };
}
