// Deterministic ids for every effect: the same cause always yields the same id, so a retry repeats it (rule 3).
import { createHash } from 'node:crypto';
import type { DeliveryId, EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/inbox.ts';
import { INVITE_CONTEXT_KEY } from '../domain/matrix.ts';

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Txn id of the message that carries a Communication into its room. Free of patient data: a digest. */
export function communicationDeliveryId(reference: FhirReference): DeliveryId {
  return `communication-${digest('communication', reference)}` as DeliveryId;
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
 * The logical id of the Communication that records a Matrix event.
 * @returns 45 characters of the FHIR id alphabet; holds letters, so any server's client-id rule accepts it
 */
export function communicationIdOf(eventId: EventId): string {
  return `m-${createHash('sha256').update(eventId).digest('hex').slice(0, 43)}`;
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
