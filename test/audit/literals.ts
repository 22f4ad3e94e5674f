// The literal parts of AuditEvents, and the facts of which the tests speak.
import { auditEventsOf } from '../../src/audit/audit-event.ts';
import type { AuditSettings } from '../../src/audit/settings.ts';
import type { Agent, Fact } from '../../src/domain/facts.ts';
import { FHIR_PROFILES } from '../../src/mapping/fhir-profiles/profiles.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, eventId, roomId, userId } from '../builders/matrix.ts';

export const SETTINGS: AuditSettings = {
  ...{ profile: 'generic', site: 'Care at home', bot: BOT, fhirBaseUrl: 'https://fhir.example.org/fhir' },
  ...{ ...FHIR_PROFILES.generic.audit, agentTypes: undefined },
};
const ofVersion = (version: 'ozo-0.7' | 'ozo-0.9'): AuditSettings => ({
  ...{ ...SETTINGS, profile: 'ozo', ...FHIR_PROFILES[version].audit },
  agentTypes: FHIR_PROFILES[version].targets['AuditEvent.agent.who'],
});
export const OZO = { 'ozo-0.7': ofVersion('ozo-0.7'), 'ozo-0.9': ofVersion('ozo-0.9') } as const;
export const RECORDED = new Date('2026-11-29T12:00:00.250Z');
export const CAUSE = { source: 'matrix.event', sourceId: '$event' };

export const NURSE: Agent = { person: ref('Practitioner/7'), userId: userId('@nurse:their.example') };
export const ABOUT_MESSAGE = {
  by: NURSE,
  on: { reference: ref('Communication/m-1'), versionId: '2' },
  ...{ roomId: roomId('!room:example.org'), eventId: eventId('$event') },
  ...{ subject: ref('Patient/12'), conversation: { reference: ref('CommunicationRequest/245') } },
};
export const ABOUT_MEMBER = {
  by: NURSE,
  on: { reference: ref('CareTeam/9'), versionId: '3' },
  ...{ subject: ref('Patient/12'), roomId: roomId('!space:example.org') },
  member: { person: ref('RelatedPerson/3'), userId: userId('@daughter:example.org') },
};

export const eventOf = (fact: Fact, settings = SETTINGS) =>
  auditEventsOf(CAUSE, [fact], RECORDED, settings)[0];

export const REST = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
  display: 'RESTful Operation',
};
export const interaction = (code: string) => ({
  system: 'http://hl7.org/fhir/restful-interaction',
  code,
  display: code,
});
export const dicom = (code: string, display: string) => ({
  coding: [{ system: 'http://dicom.nema.org/resources/ontology/DCM', code, display }],
});
export const participation = (code: string, display: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code, display }],
});
export const role = (code: string, display: string) => ({
  system: 'http://terminology.hl7.org/CodeSystem/object-role',
  code,
  display,
});
export const entityType = (code: string, display: string) => ({
  system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
  code,
  display,
});
export const resourceType = (code: string) => ({
  system: 'http://hl7.org/fhir/resource-types',
  code,
  display: code,
});

export const SOURCE = dicom('110153', 'Source Role ID');
export const DESTINATION = dicom('110152', 'Destination Role ID');
export const BRIDGE = {
  type: 'Device',
  identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/_fhir_bot:example.org' },
};
export const FHIR = {
  who: {
    type: 'Device',
    identifier: { system: 'urn:ietf:rfc:3986', value: 'https://fhir.example.org/fhir' },
  },
  network: { address: 'https://fhir.example.org/fhir', type: '5' },
};
export const at = (server: string) => ({ who: BRIDGE, network: { address: server, type: '1' } });
export const USER = {
  who: {
    reference: 'Practitioner/7',
    type: 'Practitioner',
    identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/nurse:their.example' },
  },
  altId: '@nurse:their.example',
  requestor: true,
};
export const AUTHOR = { type: participation('AUT', 'author (originator)'), ...USER };
export const PATIENT = {
  what: { reference: 'Patient/12', type: 'Patient' },
  type: entityType('1', 'Person'),
  role: role('1', 'Patient'),
};
export const CONVERSATION = {
  what: { reference: 'CommunicationRequest/245', type: 'CommunicationRequest' },
  type: resourceType('CommunicationRequest'),
  role: role('4', 'Domain Resource'),
};
export const MESSAGE = {
  what: {
    reference: 'Communication/m-1/_history/2',
    type: 'Communication',
    identifier: { system: 'https://matrix.org/event-id', value: '$event' },
  },
  type: entityType('2', 'System Object'),
  role: role('4', 'Domain Resource'),
};
export const detail = (...pairs: readonly (readonly [string, string])[]) => ({
  detail: pairs.map(([type, valueString]) => ({ type, valueString })),
});
export const IN_ROOM = detail(['room-id', '!room:example.org'], ['event-id', '$event']);
