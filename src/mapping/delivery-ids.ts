// Deterministic ids for every effect: the same cause always gives the same id, so that a retry repeats it.
import { createHash } from 'node:crypto';
import type { DeliveryId, EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MessageReason, NoticeReason } from '../domain/notices.ts';
import { INVITE_CONTEXT_KEY } from '../domain/matrix.ts';

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/**
 * The transaction id of a send that relays a Communication, or a change of one. It is a digest, so it holds no patient data.
 * @param cause the Communication, or the version of it that is a change
 * @param part which of several sends; 0 for the first
 */
export function communicationDeliveryId(cause: string, part = 0): DeliveryId {
  const parts = part === 0 ? [cause] : [cause, String(part)];
  return `communication-${digest('communication', ...parts)}` as DeliveryId;
}

/**
 * The transaction id of what is said first in a conversation: the payload of the CommunicationRequest.
 * @param part which of several sends; 0 for the first
 */
export function firstMessageDeliveryId(reference: FhirReference, part = 0): DeliveryId {
  const parts = part === 0 ? [reference] : [reference, String(part)];
  return `request-${digest('first-message', ...parts)}` as DeliveryId;
}

/** The id of the upload of the file of a send. */
export function uploadIdOf(deliveryId: DeliveryId): string {
  return `upload-${digest('upload', deliveryId)}`;
}

/** The transaction id of the removal of a message with a file that was refused. */
export function refusedFileDeliveryId(eventId: EventId): DeliveryId {
  return `refused-${digest('refused-file', eventId)}` as DeliveryId;
}

/** The transaction id of the removal of what tells of a person who is forgotten. */
export function forgottenDeliveryId(eventId: EventId): DeliveryId {
  return `forgotten-${digest('forgotten', eventId)}` as DeliveryId;
}

/**
 * The transaction id of a notice: one per person, room and reason, so that it is sent once.
 * @param since when the state began, where it may end and begin again
 */
export function noticeDeliveryId(
  roomId: RoomId,
  about: MatrixUserId,
  reason: NoticeReason,
  since?: string,
): DeliveryId {
  const parts = since === undefined ? [roomId, about, reason] : [roomId, about, reason, since];
  return `notice-${digest('notice', ...parts)}` as DeliveryId;
}

/** The transaction id of a notice of messages: one per first message of which it tells, and reason. */
export function messageNoticeDeliveryId(eventId: EventId, reason: MessageReason): DeliveryId {
  return `notice-${digest('message-notice', eventId, reason)}` as DeliveryId;
}

/** The transaction id of a send status: a message has each status once. */
export function sendStatusDeliveryId(eventId: EventId, status: string): DeliveryId {
  return `status-${digest('send-status', eventId, status)}` as DeliveryId;
}

/**
 * The logical id of a Communication that records a Matrix event.
 * @param part which of several; 0 for the first
 * @returns 45 characters that FHIR allows in an id; with letters, because some servers refuse ids of digits only
 */
export function communicationIdOf(eventId: EventId, part = 0): string {
  const recorded = part === 0 ? eventId : `${eventId} ${part}`;
  return `m-${createHash('sha256').update(recorded).digest('hex').slice(0, 43)}`;
}

/** The logical id of the Binary with a file of a conversation, in the same form: the same file is there once. */
export function fileIdOf(conversation: FhirReference, url: string): string {
  const file = JSON.stringify([conversation, url]);
  return `file-${createHash('sha256').update(file).digest('hex').slice(0, 43)}`;
}

/**
 * The logical id of the Provenance of a change that an event made, in the same form.
 * @param changed the record; an event may change several
 */
export function provenanceIdOf(eventId: EventId, changed: FhirReference): string {
  return `reason-${createHash('sha256').update(`${eventId} ${changed}`).digest('hex').slice(0, 43)}`;
}

/** The logical id of the DocumentReference of a file in a record, in the same form. */
export function documentIdOf(record: string, url: string): string {
  const file = JSON.stringify([record, url]);
  return `document-${createHash('sha256').update(file).digest('hex').slice(0, 43)}`;
}

/** The logical id of the Task that proposes the change an event made, in the same form. */
export function taskIdOf(eventId: EventId): string {
  return `task-${createHash('sha256').update(eventId).digest('hex').slice(0, 43)}`;
}

/** The logical id of the Task that tells that a message of a platform did not reach its room, in the same form. */
export function failureTaskIdOf(message: FhirReference): string {
  return `undelivered-${createHash('sha256').update(message).digest('hex').slice(0, 43)}`;
}

/** The logical id of the Task that says whether a party of a conversation has read its latest message, in the same form. */
export function readTaskIdOf(conversation: FhirReference, owner: FhirReference): string {
  return `read-${createHash('sha256').update(`${conversation} ${owner}`).digest('hex').slice(0, 43)}`;
}

/** The logical id of the CommunicationRequest of a room that a user made, in the same form. */
export function roomRequestIdOf(roomId: RoomId): string {
  return `room-${createHash('sha256').update(roomId).digest('hex').slice(0, 43)}`;
}

/** Replaces the event id of an invitation, which `/sync` does not show. The same invitation has the same id. */
export function pendingInvitationId(invitation: {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  readonly sender: MatrixUserId;
  readonly content: Readonly<Record<string, unknown>>;
}): EventId {
  const { roomId, userId, sender, content } = invitation;
  const context = JSON.stringify(content[INVITE_CONTEXT_KEY] ?? null);
  return `standing-${digest('invitation', roomId, userId, sender, context)}` as EventId;
}

/** A short digest of a set of users, for places where their ids must not appear. */
export function peopleDigest(userIds: readonly MatrixUserId[]): string {
  return digest('people', ...userIds.toSorted()).slice(0, 16);
}
