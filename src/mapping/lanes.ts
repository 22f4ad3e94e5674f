// The keys of lanes: items that must be handled in order have the same. One lane per conversation and direction.
import type { FhirReference, RoomId } from '../domain/ids.ts';

/** The lane of what happens in a Matrix room. */
export function roomLane(roomId: RoomId): string {
  return `to-fhir:${roomId}`;
}

/**
 * The lane of a FHIR resource. A Communication shares the lane of its conversation, so that the first message comes first, and
 * a write of the bridge is read back only after it was recorded.
 */
export function structureLane(reference: FhirReference): string {
  return `to-matrix:${reference}`;
}

/** The lane in which people are invited to a space or room who could not be before: the others do not wait for them. */
export function inviteLane(reference: FhirReference): string {
  return `invite:${reference}`;
}

/** The lane of what senders are told in a room. */
export function noticeLane(roomId: RoomId): string {
  return `notice:${roomId}`;
}

/** The lane in which a practitioner's address is written into one's own directory. */
export function publishLane(reference: FhirReference): string {
  return `publish:${reference}`;
}

/** The lane of ephemeral events. @param scope the room, or `none` */
export function ephemeralLane(scope: string): string {
  return `ephemeral:${scope}`;
}

/** The lane of to-device messages. @param scope the user they are for, or `none` */
export function toDeviceLane(scope: string): string {
  return `to-device:${scope}`;
}
