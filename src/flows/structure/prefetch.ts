// Reads all that comparing many rooms takes, with few requests for all of them.
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { careTeamsNamedBy, participantsOf, partiesOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { relatedTo } from '../../mapping/identities.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { ReadSet } from '../people/read-set.ts';

/**
 * Reads CareTeams and CommunicationRequests with the teams that decide on them, their people, and the holders of roles.
 * @param at milliseconds since the epoch
 */
export async function prefetch(
  reads: ReadSet,
  references: readonly FhirReference[],
  at: number,
): Promise<void> {
  const readAll = async (wanted: readonly FhirReference[]): Promise<readonly StoredResource[]> => {
    await reads.read(wanted);
    return [...new Set(wanted)].map(reads.find).filter((resource) => resource !== undefined);
  };
  const resources = await readAll(references);
  const requests = resources.filter((each) => each.resourceType === 'CommunicationRequest');
  const subjects = requests.map((request) => parseReference(request.subject?.reference)?.reference);
  await reads.readTeamsOf(subjects.filter((subject) => subject !== undefined));
  const named = await readAll(requests.flatMap(careTeamsNamedBy));
  const teams = [...resources, ...named].filter((each) => each.resourceType === 'CareTeam');
  const wanted = [...teams.map((team) => participantsOf(team, at)), ...requests.map(partiesOf)];
  const people = await readAll(wanted.flatMap((group) => group.people.map(({ reference }) => reference)));
  const roles = people.filter((each) => each.resourceType === 'PractitionerRole');
  await reads.read(roles.flatMap(relatedTo));
}
