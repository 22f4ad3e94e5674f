// FHIR resources and references for tests: what a test does not name is left out or plain.
import type { Communication, CommunicationRequest } from '../../src/domain/fhir.ts';
import type { FhirReference } from '../../src/domain/ids.ts';
import { idOf, typeOf } from '../../src/domain/ids.ts';
import type { StoredResource } from '../../src/fhir/server.ts';

export function ref(reference: string): FhirReference {
  return reference as FhirReference;
}

/** A Communication of conversation 245 by a practitioner; `over` names what the test is about. */
export function communication(over: Partial<Record<keyof Communication, unknown>> = {}): Communication {
  return {
    resourceType: 'Communication',
    status: 'completed',
    partOf: [{ reference: 'CommunicationRequest/245' }],
    sender: { reference: 'Practitioner/7' },
    sent: '2025-09-26T09:30:15Z',
    payload: [{ contentString: 'Good morning' }],
    ...over,
  } as Communication;
}

/** A CommunicationRequest; `over` names what the test is about. */
export function request(
  over: Partial<Record<keyof CommunicationRequest, unknown>> = {},
): CommunicationRequest {
  return { resourceType: 'CommunicationRequest', status: 'active', ...over } as CommunicationRequest;
}

/** A version of a resource as the server keeps it. */
export function stored(
  reference: string,
  versionId: string,
  lastUpdated: string,
  over: Readonly<Record<string, unknown>> = {},
): StoredResource {
  return {
    resourceType: typeOf(ref(reference)),
    id: idOf(ref(reference)),
    meta: { versionId, lastUpdated },
    ...over,
  } as unknown as StoredResource;
}
