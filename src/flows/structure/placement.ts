// In which space a conversation stands: of a team that its request names, else of its subject's team.
import type { CommunicationRequest } from '../../domain/fhir.ts';
import { parseReference, referenceTo, type FhirReference } from '../../domain/ids.ts';
import { careTeamsNamedBy } from '../../mapping/fhir-to-matrix/participants.ts';
import { wantedForCareTeam } from '../../mapping/phases.ts';
import type { ReadSet } from '../people/read-set.ts';
import type { Placement, SpaceOf } from './definition.ts';

/**
 * The space a conversation belongs to: of a team about the subject that the request names, else the one where it stands
 * already, else of the subject's team with the lowest id, else of any team that the request names. A team that is over has
 * no conversations. The teams by which this is decided are noted: a change of one may move it.
 * @param current the team in whose space it stands
 * @returns undefined while no team has a space
 */
export async function placementOf(
  request: CommunicationRequest,
  current: FhirReference | undefined,
  reads: ReadSet,
  spaceOf: SpaceOf,
): Promise<Placement | undefined> {
  const named = careTeamsNamedBy(request);
  const subject = parseReference(request.subject?.reference)?.reference;
  const about = subject === undefined ? [] : await reads.teamsOf(subject);
  await reads.read(named);
  const ofSubject = about.map(({ id }) => referenceTo('CareTeam', id));
  for (const reference of inOrder(named, ofSubject, current)) {
    const careTeam = reads.find(reference);
    if (careTeam?.resourceType !== 'CareTeam') continue;
    if (wantedForCareTeam(careTeam.status).phase === 'closed') continue;
    const roomId = await spaceOf(reference);
    if (roomId === undefined) continue;
    reads.note(reference);
    return { careTeam, reference, roomId };
  }
  return undefined;
}

/** Teams without the subject (a clinic's own) come last: the conversation is about the subject. */
function inOrder(
  named: readonly FhirReference[],
  ofSubject: readonly FhirReference[],
  current: FhirReference | undefined,
): ReadonlySet<FhirReference> {
  const isOfSubject = new Set(ofSubject);
  const isCandidate = current !== undefined && (isOfSubject.has(current) || named.includes(current));
  return new Set([
    ...named.filter((careTeam) => isOfSubject.has(careTeam)),
    // Where it stands it stays: people look for a conversation where they left it.
    ...(isCandidate ? [current] : []),
    ...ofSubject.toSorted(),
    ...named,
  ]);
}
