// The codes of AuditEvents: https://hl7.org/fhir/R4/auditevent.html, with those of IHE BALP and of OZO's profile.
import type { Coding } from 'fhir/r4.js';
import { AUDIT_EVENT_ID_SYSTEM } from '../domain/fhir.ts';

const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem';
const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';

/** What kind of event it is: the codes that OZO's profile allows. */
export const EVENT_TYPES = {
  rest: { system: `${TERMINOLOGY}/audit-event-type`, code: 'rest', display: 'RESTful Operation' },
  transmit: {
    system: `${TERMINOLOGY}/iso-21089-lifecycle`,
    code: 'transmit',
    display: 'Transmit Record Lifecycle Event',
  },
} as const satisfies Readonly<Record<string, Coding>>;

/** The interaction. https://hl7.org/fhir/R4/valueset-audit-event-sub-type.html */
export function interaction(code: 'create' | 'read' | 'update' | 'search' | 'operation'): Coding {
  return { system: 'http://hl7.org/fhir/restful-interaction', code, display: code };
}

/** What part an agent has. */
export const AGENT_TYPES = {
  author: { system: `${TERMINOLOGY}/v3-ParticipationType`, code: 'AUT', display: 'author (originator)' },
  recipient: {
    system: `${TERMINOLOGY}/v3-ParticipationType`,
    code: 'IRCP',
    display: 'information recipient',
  },
  application: { system: DICOM, code: '110150', display: 'Application' },
  destination: { system: DICOM, code: '110152', display: 'Destination Role ID' },
  source: { system: DICOM, code: '110153', display: 'Source Role ID' },
} as const satisfies Readonly<Record<string, Coding>>;

/** Kinds of network addresses. https://hl7.org/fhir/R4/valueset-network-type.html */
export const NETWORK_TYPES = { machineName: '1', ipAddress: '2', uri: '5' } as const;

/** The type of the system that detects the event. */
export const APPLICATION_SERVER: Coding = {
  system: `${TERMINOLOGY}/security-source-type`,
  code: '4',
  display: 'Application Server',
};

/** What kind of thing an entity is. */
export const ENTITY_TYPES = {
  person: { system: `${TERMINOLOGY}/audit-entity-type`, code: '1', display: 'Person' },
  systemObject: { system: `${TERMINOLOGY}/audit-entity-type`, code: '2', display: 'System Object' },
  other: { system: `${TERMINOLOGY}/audit-entity-type`, code: '4', display: 'Other' },
} as const satisfies Readonly<Record<string, Coding>>;

/** An entity that is a resource of this type. */
export function resourceTypeCoding(resourceType: string): Coding {
  return { system: 'http://hl7.org/fhir/resource-types', code: resourceType, display: resourceType };
}

/** What part an entity has. https://hl7.org/fhir/R4/valueset-object-role.html */
export const ENTITY_ROLES = {
  patient: { system: `${TERMINOLOGY}/object-role`, code: '1', display: 'Patient' },
  domainResource: { system: `${TERMINOLOGY}/object-role`, code: '4', display: 'Domain Resource' },
  user: { system: `${TERMINOLOGY}/object-role`, code: '6', display: 'User' },
  practitioner: { system: `${TERMINOLOGY}/object-role`, code: '15', display: 'Doctor' },
  job: { system: `${TERMINOLOGY}/object-role`, code: '20', display: 'Job' },
  query: { system: `${TERMINOLOGY}/object-role`, code: '24', display: 'Query' },
} as const satisfies Readonly<Record<string, Coding>>;

/** The life cycle of what was retracted: it is there, and counts no more. */
export const LOGICAL_DELETION: Coding = {
  system: `${TERMINOLOGY}/dicom-audit-lifecycle`,
  code: '14',
  display: 'Logical deletion',
};

const OZO = 'http://ozoverbindzorg.nl/fhir/StructureDefinition';

/** The extensions of OZO's profile. https://ozo-implementation-guide.headease.nl/StructureDefinition-ozo-auditevent.html */
export const EXTENSIONS = {
  traceId: `${OZO}/ozo-trace-id`,
  spanId: `${OZO}/ozo-span-id`,
  resourceOrigin: `${OZO}/ozo-resource-origin`,
} as const;

const OWN = 'https://github.com/fhir-matrix-bridge/fhir';

/** Identifier systems. */
export const SYSTEMS = {
  ozoDevice: 'https://www.ozoverbindzorg.nl/namingsystem/device',
  homeserver: `${OWN}/NamingSystem/homeserver`,
  networkAddress: `${OWN}/NamingSystem/network-address`,
  operator: `${OWN}/NamingSystem/operator`,
  /** Tags each AuditEvent of the bridge with its id, so that it is found where the server chooses ids: `_tag`. */
  auditEventId: AUDIT_EVENT_ID_SYSTEM,
} as const;
