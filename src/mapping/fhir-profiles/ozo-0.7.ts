// The profiles of OZO verbindzorg up to 0.7.8, and the ways of the proxy before its servers.
// https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/tree/main/input/fsh/profiles
import type { FhirProfile } from './fhir-profile.ts';

const PERSON = ['Practitioner', 'RelatedPerson', 'Patient'] as const;
const RECIPIENT = ['Practitioner', 'RelatedPerson', 'CareTeam'] as const;

export const ozo07: FhirProfile = {
  name: 'ozo-0.7',
  targets: {
    'Communication.sender': PERSON,
    'Communication.recipient': RECIPIENT,
    'CommunicationRequest.requester': PERSON,
    'CommunicationRequest.recipient': RECIPIENT,
    'CareTeam.participant.member': [...PERSON, 'CareTeam'],
    'OrganizationalCareTeam.participant.member': ['Practitioner'],
    'Task.owner': ['Practitioner', 'RelatedPerson'],
    'Task.focus': ['Communication'],
    'AuditEvent.agent.who': ['Practitioner', 'RelatedPerson', 'Device'],
  },
  requestNeeds: ['subject', 'requester', 'recipient'],
  taskNeeds: ['for', 'owner'],
  actingTeamExtension: undefined,
  readState: { organizationalTeamTask: 'each-member' },
  audit: {
    // The pages say `access`; the value set of these versions, which servers check, does not have it.
    readType: {
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
      display: 'RESTful Operation',
    },
    agentTeamExtension: undefined,
  },
  // The proxy refuses `no-store` and larger pages. https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/blob/main/input/pagecontent/technical-aaa-proxy.md
  search: { cacheControl: 'no-cache', largestPage: 100 },
};
