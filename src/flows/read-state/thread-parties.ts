// The parties of a conversation, as its CommunicationRequest and the teams that it names have them.
import type { CommunicationRequest } from '../../domain/fhir.ts';
import { SENDER_TEAM_EXTENSION } from '../../domain/fhir.ts';
import { parseReference, referenceTo, type FhirReference } from '../../domain/ids.ts';
import type { FhirProfile } from '../../mapping/fhir-profiles/fhir-profile.ts';
import { partiesOf, type WantedPeople } from '../../mapping/fhir-to-matrix/participants.ts';
import { partiesFrom, type Party, type PartyMember } from '../../mapping/read-state/parties.ts';
import { readIdentities } from '../people/desired-ghost.ts';
import { expandPeople, type Expanding } from '../people/expand-people.ts';
import type { ReadSet } from '../people/read-set.ts';

/** The team for which a message or a conversation says it was written. */
export function senderTeamOf({ extension = [] }: Pick<CommunicationRequest, 'extension'>) {
  const team = extension.find(({ url }) => url === SENDER_TEAM_EXTENSION)?.valueReference?.reference;
  const parsed = parseReference(team);
  return parsed?.resourceType === 'CareTeam' ? parsed.reference : undefined;
}

/** The parties: a team without a patient and an organisation as such, people for themselves and as members of a patient's team. */
export async function threadParties(
  deps: Expanding,
  request: CommunicationRequest,
  profile: Pick<FhirProfile, 'readState' | 'targets'>,
): Promise<readonly Party[]> {
  const { people, careTeams: teams, organizations } = partiesOf(request);
  await deps.reads.read(teams);
  const ofPatients = teams.filter((each) => isOfPatient(deps.reads, each));
  const individuals = await membersOf(deps, { people, careTeams: ofPatients, organizations: [] });
  const groups: { reference: FhirReference; members: readonly PartyMember[] }[] = [];
  for (const reference of teams.filter((each) => !ofPatients.includes(each)))
    groups.push({
      reference,
      members: await membersOf(deps, { people: [], careTeams: [reference], organizations: [] }),
    });
  for (const reference of organizations)
    groups.push({
      reference,
      members: await membersOf(deps, { people: [], careTeams: [], organizations: [reference] }),
    });
  return partiesFrom(individuals, groups, profile);
}

function isOfPatient(reads: ReadSet, reference: FhirReference): boolean {
  const team = reads.find(reference);
  return team?.resourceType === 'CareTeam' && team.subject !== undefined;
}

async function membersOf(deps: Expanding, wanted: WantedPeople): Promise<readonly PartyMember[]> {
  const { named } = await expandPeople(deps, wanted);
  const identities = await readIdentities(deps.reads, named, deps.at);
  return identities.map(({ reference, roles }) => ({
    reference,
    alsoKnownAs: roles.flatMap(({ role }) =>
      role.id === undefined ? [] : [referenceTo('PractitionerRole', role.id)],
    ),
  }));
}
