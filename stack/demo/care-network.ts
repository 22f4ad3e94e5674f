// The people and resources of the demo: a client, a relative, a nurse who chats in Matrix, and their conversation.
import type { Resource } from './platform.ts';

type Named = Resource & { readonly id: string };

/** The telecom entry by which a person says where they are in Matrix (Dutch specification §7). */
export function matrixTelecom(userId: string): Readonly<Record<string, unknown>> {
  return {
    system: 'other',
    value: userId,
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose',
        valueString: 'matrix-messaging',
      },
    ],
  };
}

/**
 * The people of a care network.
 * @param prefix begins every id, so that networks do not meet
 * @param nurseUserId the nurse's own Matrix account
 */
export function careNetworkPeople(prefix: string, nurseUserId: string): readonly Named[] {
  return [
    { resourceType: 'Patient', id: `${prefix}client`, name: [{ given: ['Jan'], family: 'de Vries' }] },
    {
      resourceType: 'Practitioner',
      id: `${prefix}nurse`,
      name: [{ text: 'Nurse Noor Bakker' }],
      telecom: [matrixTelecom(nurseUserId)],
    },
    {
      resourceType: 'RelatedPerson',
      id: `${prefix}daughter`,
      patient: { reference: `Patient/${prefix}client` },
      name: [{ given: ['Kim'], family: 'de Vries' }],
    },
  ];
}

/** The care team: its space in Matrix. */
export function careTeam(prefix: string, id: string): Named {
  const member = (reference: string): object => ({ member: { reference } });
  return {
    resourceType: 'CareTeam',
    id,
    status: 'active',
    subject: { reference: `Patient/${prefix}client` },
    participant: [
      member(`Practitioner/${prefix}nurse`),
      member(`RelatedPerson/${prefix}daughter`),
      member(`Patient/${prefix}client`),
    ],
  };
}

/** The conversation: its room in Matrix, with a first message. */
export function communicationRequest(prefix: string, id: string, careTeamId: string, text: string): Named {
  return {
    resourceType: 'CommunicationRequest',
    id,
    status: 'active',
    subject: { reference: `Patient/${prefix}client` },
    requester: { reference: `RelatedPerson/${prefix}daughter` },
    recipient: [{ reference: `CareTeam/${careTeamId}` }],
    authoredOn: new Date().toISOString(),
    payload: [{ contentString: text }],
  };
}

/** A message by the daughter, written by her platform. */
export function communication(prefix: string, requestId: string, text: string): Resource {
  return {
    resourceType: 'Communication',
    status: 'completed',
    partOf: [{ reference: `CommunicationRequest/${requestId}` }],
    subject: { reference: `Patient/${prefix}client` },
    sender: { reference: `RelatedPerson/${prefix}daughter` },
    sent: new Date().toISOString(),
    payload: [{ contentString: text }],
  };
}
