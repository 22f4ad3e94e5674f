// Makes one send of a message, once: the link comes first, and an attempt that was long ago, or by another user, is looked for
// before the send is repeated.
import type { DeliveryId, EventId, FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { MatrixSend } from '../../messages/effects.ts';
import type { KindName } from '../../messages/kind.ts';
import { relationsOf } from '../../messages/relations.ts';
import type { BegunLink, LinkKey } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import { withFileUploaded } from './copy-files.ts';

/** For how long the homeserver knows a txn id for certain (it keeps them 24 hours). */
const TXN_ID_KNOWN_MS = 20 * 60 * 60 * 1000;

/** Of which message it is, and as whom it is sent. */
export interface Delivery extends LinkKey {
  readonly deliveryId: DeliveryId;
  /** Undefined where no Communication records it. */
  readonly communication: FhirReference | undefined;
  readonly kind: KindName;
  readonly roomId: RoomId;
  readonly as: MatrixUserId;
  /** Who of the bridge is in the room for certain. */
  readonly viewer: MatrixUserId;
  /** Milliseconds since the epoch to show as the time of sending. */
  readonly timestamp: number | undefined;
  /** Of what is said; undefined where no Communication records it. */
  readonly digest?: string;
  /** Of what an earlier attempt said; that may still come to the homeserver, and the same delivery id then gives its event. */
  readonly begunDigest?: string | undefined;
  /** When what is said here was written, by the FHIR server; undefined where that is not known. */
  readonly writtenAt?: Date;
}

/** What came of a send. */
export interface SentOnce {
  readonly eventId: EventId;
  readonly sender: MatrixUserId;
  /** A text stands in place of its file; unknown of an earlier attempt, and false then. */
  readonly isRefused: boolean;
  /** Of what the event says. */
  readonly digest: string | undefined;
}

type SendOnce = Pick<Bridge, 'clock' | 'db' | 'files' | 'sending' | 'settings' | 'store'>;

/** Sends or redacts. The event is recorded at once. */
export async function sendOnce(
  sender: SendOnce,
  delivery: Delivery,
  send: MatrixSend,
  signal: AbortSignal,
): Promise<SentOnce> {
  const { db, store } = sender;
  const { cause, part, communication, kind, roomId, as, timestamp, digest } = delivery;
  const begun = await store.messageLinks.startLink(db, {
    ...{ origin: 'fhir', cause, part, kind, communication, eventId: undefined, roomId, sender: as },
    target: send.kind === 'redact' ? send.eventId : send.target,
    sentAt: timestamp === undefined ? undefined : new Date(timestamp),
    threadRoot: send.kind === 'send' ? relationsOf(send.content).threadRoot : undefined,
    digest,
  });
  if (begun.eventId !== undefined)
    return { eventId: begun.eventId, sender: begun.sender ?? as, isRefused: false, digest };
  const sent =
    (await findEarlier(sender, delivery, begun, send, signal)) ??
    (await makeSend(sender, delivery, send, signal));
  await store.messageLinks.saveSent(db, { cause, part }, sent);
  return sent;
}

/** What of an event's content a reader sees. */
const SHOWN = ['msgtype', 'body', 'formatted_body', 'url'] as const;

/** Whether the event of a delivery shows something else than was sent just now. */
async function showsOther(
  { sending }: Pick<SendOnce, 'sending'>,
  { deliveryId, roomId, viewer }: Pick<Delivery, 'deliveryId' | 'roomId' | 'viewer'>,
  content: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<boolean> {
  const shown = (await sending.findSent({ roomId, viewer }, [deliveryId], signal)).get(deliveryId);
  return shown !== undefined && SHOWN.some((key) => shown.content[key] !== content[key]);
}

/** A redaction is not looked for: a second one changes nothing. */
async function findEarlier(
  { clock, sending }: SendOnce,
  { deliveryId, roomId, viewer, as, writtenAt, digest }: Delivery,
  { startedAt, sender, doubtBefore }: BegunLink,
  { kind }: MatrixSend,
  signal: AbortSignal,
): Promise<SentOnce | undefined> {
  const isLongAgo = clock.now().getTime() - startedAt.getTime() >= TXN_ID_KNOWN_MS;
  const isDoubtful = doubtBefore !== undefined && (writtenAt === undefined || writtenAt < doubtBefore);
  if (kind === 'redact' || (!isLongAgo && !isDoubtful && sender === as)) return undefined;
  const earlier = (await sending.findSent({ roomId, viewer }, [deliveryId], signal)).get(deliveryId);
  return earlier && { eventId: earlier.event_id, sender: earlier.sender, isRefused: false, digest };
}

async function makeSend(
  sender: SendOnce,
  delivery: Delivery,
  send: MatrixSend,
  signal: AbortSignal,
): Promise<SentOnce> {
  const { sending } = sender;
  const { deliveryId, roomId, as, timestamp, digest, begunDigest } = delivery;
  if (send.kind === 'redact') {
    const { eventId } = send;
    const redaction = await sending.redactAs({ as, roomId, deliveryId, eventId }, signal);
    return { eventId: redaction, sender: as, isRefused: false, digest };
  }
  const { content, isRefused } = await withFileUploaded(sender, send, deliveryId, signal);
  const event = { as, roomId, deliveryId, timestamp, type: send.type, content };
  const eventId = await sending.sendAs(event, signal);
  const mayBeOther = begunDigest !== undefined && begunDigest !== digest;
  const isOther = mayBeOther && (await showsOther(sender, delivery, content, signal));
  return { eventId, sender: as, isRefused, digest: isOther ? begunDigest : digest };
}
