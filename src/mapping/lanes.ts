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
