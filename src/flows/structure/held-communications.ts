// Communications that came before their conversation was open: a draft that is not approved, a request yet to come.
import type { FhirChangeItem } from '../../domain/inbox.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { NewItem, Outcome } from '../../inbox/item.ts';
import { structureLane } from '../../mapping/lanes.ts';
import type { HeldCommunication } from '../../store/held-communications.ts';
import type { Bridge } from '../bridge.ts';

/** Holds a Communication until its conversation opens (`requestToRoom` releases it). */
export function hold(bridge: Bridge, request: FhirReference, communication: HeldCommunication): Outcome {
  return {
    kind: 'ignored',
    reason: 'held',
    record: (tx) => bridge.store.heldCommunications.holdCommunication(tx, request, communication),
  };
}

/**
 * The inbox item of a Communication that was held; it follows its request in their common lane.
 * @param cause what let it go: should it have to be held again, the next release is another
 */
export function heldItem(
  request: FhirReference,
  { reference, versionId }: HeldCommunication,
  cause: string,
): NewItem {
  const payload: FhirChangeItem = {
    kind: 'fhir.change',
    resourceType: 'Communication',
    reference,
    versionId,
  };
  return {
    lane: structureLane(request),
    source: 'held',
    sourceId: `${reference}/${versionId} ${cause}`,
    payload: payload as unknown as JsonValue,
  };
}
