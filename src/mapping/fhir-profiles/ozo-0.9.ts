// The profiles of OZO verbindzorg from 0.9.0 on: teams of organisations have one Task, and are named by what is done for them.
// https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/blob/main/input/pagecontent/technical-aaa-proxy-0-9-0.md
import { AGENT_TEAM_EXTENSION, SENDER_TEAM_EXTENSION } from '../../domain/fhir.ts';
import type { FhirProfile } from './fhir-profile.ts';
import { ACCESS } from './generic.ts';
import { ozo07 } from './ozo-0.7.ts';

export const ozo09: FhirProfile = {
  ...ozo07,
  name: 'ozo-0.9',
  targets: { ...ozo07.targets, 'Task.owner': ['Practitioner', 'RelatedPerson', 'Patient', 'CareTeam'] },
  actingTeamExtension: SENDER_TEAM_EXTENSION,
  readState: { organizationalTeamTask: 'the-team' },
  audit: {
    readType: ACCESS,
    agentTeamExtension: AGENT_TEAM_EXTENSION,
  },
};
