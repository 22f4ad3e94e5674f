// The keys of lanes: items that must be handled in order have the same. One lane per conversation and direction.
import { createHash } from 'node:crypto';
import { parseReference, type FhirReference, type MatrixUserId, type RoomId } from '../domain/ids.ts';
import type { MessageReason } from '../domain/notices.ts';
import { peopleDigest } from './delivery-ids.ts';

/** The lane of what happens in a Matrix room. */
export const roomLane = (roomId: RoomId): string => `to-fhir:${roomId}`;

/** What the keys of the lanes of FHIR resources begin with; the reference follows. */
export const STRUCTURE_LANES = 'to-matrix:';

/**
 * The lane of a FHIR resource. A Communication shares the lane of its conversation, so that the first message comes first, and
 * a write of the bridge is read back only after it was recorded.
 */
export const structureLane = (reference: FhirReference): string => `${STRUCTURE_LANES}${reference}`;

/** The lane in which people are invited to a space or room who could not be before: the others do not wait for them. */
export const inviteLane = (reference: FhirReference): string => `invite:${reference}`;

/** The lane of what members are told of a room. */
export const noticeLane = (roomId: RoomId): string => `notice:${roomId}`;

/** The lane of what a member is told of their messages: it waits between two notices, and others do not wait with it. */
export const messageNoticeLane = (roomId: RoomId, about: MatrixUserId, reason: MessageReason): string =>
  `notice:${roomId} ${peopleDigest([about])} ${reason}`;

/** The lane of what clients are told of the messages of a room, in order. */
export const sendStatusLane = (roomId: RoomId): string => `status:${roomId}`;

/** The lane of what a platform is told of a Communication, in order. */
export const undeliveredLane = (communication: FhirReference): string => `undelivered:${communication}`;

/** The lane in which a practitioner's address is written into one's own directory. */
export const publishLane = (reference: FhirReference): string => `publish:${reference}`;

/** The lane in which a Communication gets the ids of its events. */
export const writeBackLane = (communication: FhirReference): string => `write-back:${communication}`;

/** The lane of what a user has read in a room, which waits until they stop scrolling. @param user without naming them */
export const receiptsLane = (roomId: RoomId, user: string): string => `receipts:${roomId} ${user}`;

/** The lane of a conversation's read state: it never holds up a message. */
export const readStateLane = (reference: FhirReference): string => `${READ_STATE_PREFIX}${reference}`;

const READ_STATE_PREFIX = 'read-state:';

/** The conversation whose read state is in this lane; undefined where it is another lane. */
export function conversationOfReadStateLane(key: string): FhirReference | undefined {
  return key.startsWith(READ_STATE_PREFIX)
    ? parseReference(key.slice(READ_STATE_PREFIX.length))?.reference
    : undefined;
}

/** The lane in which the last step of forgetting a person is made. @param forgetting its id, which names nobody */
export const forgettingLane = (forgetting: string): string => `forget:${forgetting}`;

/** The lane of what cannot be stored. @param what it is in the place of */
export const setAsideLane = (what: string): string => `set-aside:${what}`;

/** AuditEvents are written in any order, but not by so many workers that conversations would have to wait for one. */
const AUDIT_LANES = 4;

/** How the lanes of the audit trail begin. Last by their names: items are stored while other lanes are locked, in this order. */
export const AUDIT_LANE_PREFIX = 'write-audit:';

/** One of the lanes in which AuditEvents are written. */
export function auditLane(eventId: string): string {
  const first = createHash('sha256').update(eventId).digest()[0] ?? 0;
  return `${AUDIT_LANE_PREFIX}${first % AUDIT_LANES}`;
}
