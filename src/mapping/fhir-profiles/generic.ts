// No profile: what FHIR R4 itself demands, for servers such as a plain HAPI.
import { AGENT_TEAM_EXTENSION, LIFECYCLE_SYSTEM } from '../../domain/fhir.ts';
import type { FhirProfile } from './fhir-profile.ts';

/** A record was accessed. https://terminology.hl7.org/CodeSystem-iso-21089-lifecycle.html */
export const ACCESS = {
  system: LIFECYCLE_SYSTEM,
  code: 'access',
  display: 'Access/View Record Lifecycle Event',
} as const;

export const generic: FhirProfile = {
  name: 'generic',
  targets: {},
  requestNeeds: [],
  taskNeeds: [],
  actingTeamExtension: undefined,
  readState: { organizationalTeamTask: 'the-team' },
  audit: { readType: ACCESS, agentTeamExtension: AGENT_TEAM_EXTENSION },
  search: { cacheControl: 'no-store', largestPage: 1000 },
};
