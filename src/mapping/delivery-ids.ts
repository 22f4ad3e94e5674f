// Deterministic ids for every effect: the same cause always yields the same id, so a retry repeats it (rule 3).
import { createHash } from 'node:crypto';
import type { DeliveryId, EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/inbox.ts';
import { INVITE_CONTEXT_KEY } from '../domain/matrix.ts';

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/**
 * Txn id of a send that carries a Communication, or a change of one, into its room. Free of patient data: a digest.
 * @param cause the Communication, or the version of it that is a change
 * @param part which of several sends; 0 for the first
 */
export function communicationDeliveryId(cause: string, part = 0): DeliveryId {
  const parts = part === 0 ? [cause] : [cause, String(part)];
  return `communication-${digest('communication', ...parts)}` as DeliveryId;
}

/** Txn id of the first message of a conversation: payload[0] of the CommunicationRequest. */
export function firstMessageDeliveryId(reference: FhirReference): DeliveryId {
  return `request-${digest('first-message', reference)}` as DeliveryId;
}

/** Txn id of a notice to one person in one room for one reason: so it is said once. */
export function noticeDeliveryId(roomId: RoomId, about: MatrixUserId, reason: NoticeReason): DeliveryId {
  return `notice-${digest('notice', roomId, about, reason)}` as DeliveryId;
}

/**
 * The logical id of a Communication that records a Matrix event.
 * @param part which of several; 0 for the first
 * @returns 45 characters of the FHIR id alphabet; holds letters, so any server's client-id rule accepts it
 */
export function communicationIdOf(eventId: EventId, part = 0): string {
  const recorded = part === 0 ? eventId : `${eventId} ${part}`;
  return `m-${createHash('sha256').update(recorded).digest('hex').slice(0, 43)}`;
}

/** The logical id of the Task that proposes what an event did; of the same form. */
export function taskIdOf(eventId: EventId): string {
  return `task-${createHash('sha256').update(eventId).digest('hex').slice(0, 43)}`;
}

/** The logical id of the CommunicationRequest of a room that a user made; of the same form. */
export function roomRequestIdOf(roomId: RoomId): string {
  return `room-${createHash('sha256').update(roomId).digest('hex').slice(0, 43)}`;
}

/** Stands in for the event id of an invitation that `/sync` showed without it: the same invitation, the same id. */
export function standingInvitationId(invitation: {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  readonly sender: MatrixUserId;
  readonly content: Readonly<Record<string, unknown>>;
}): EventId {
  const { roomId, userId, sender, content } = invitation;
  const context = JSON.stringify(content[INVITE_CONTEXT_KEY] ?? null);
  return `standing-${digest('invitation', roomId, userId, sender, context)}` as EventId;
}

/** Stands for a set of users where their ids are not to be read. */
export function peopleDigest(userIds: readonly MatrixUserId[]): string {
  return digest('people', ...userIds.toSorted()).slice(0, 16);
}
