// Lane keys: what must be handled in order with what (rule 4). One lane per conversation and direction.
import type { Communication, FhirResource } from '../domain/fhir.ts';
import type { FhirReference, RoomId } from '../domain/ids.ts';
import { referenceTo } from '../domain/ids.ts';
import { conversationOf } from './fhir-to-matrix/communication.ts';

/** The lane of what happens in a Matrix room. */
export function roomLane(roomId: RoomId): string {
  return `to-fhir:${roomId}`;
}

/**
 * The lane of a FHIR resource: a Communication shares the lane of its CommunicationRequest, so that the first
 * message comes first and a write-back is seen only after it was recorded.
 */
export function resourceLane(resource: FhirResource & { id: string }): string {
  const own = referenceTo(resource.resourceType, resource.id);
  return `to-matrix:${resource.resourceType === 'Communication' ? communicationLane(resource, own) : own}`;
}

/** The lane of a CareTeam or CommunicationRequest itself. */
export function structureLane(reference: FhirReference): string {
  return `to-matrix:${reference}`;
}

function communicationLane(communication: Communication, own: FhirReference): FhirReference {
  return conversationOf(communication) ?? own;
}
