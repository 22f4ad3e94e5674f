// The team of an organisation for which a person writes in a conversation between teams.
import type { CareTeam, CommunicationRequest } from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { participantsOf, partiesOf } from '../fhir-to-matrix/participants.ts';

/** The teams that take part in a conversation: those it is addressed to, and the one that began it. */
export function teamPartiesOf(request: CommunicationRequest): readonly FhirReference[] {
  return partiesOf(request).careTeams;
}

/**
 * The only one of the teams that has no patient and in which the person themself takes part.
 * https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/blob/main/input/pagecontent/technical-aaa-proxy-0-9-0.md
 * @param at milliseconds since the epoch
 * @returns undefined when there is none, or more than one: then only the person knows for which they write
 */
export function actingTeam(
  teams: ReadonlyMap<FhirReference, CareTeam>,
  person: FhirReference,
  at: number,
): FhirReference | undefined {
  const candidates = [...teams].filter(
    ([, team]) =>
      parseReference(team.subject?.reference) === undefined &&
      participantsOf(team, at).people.some(({ reference }) => reference === person),
  );
  const [only] = candidates;
  return candidates.length === 1 ? only?.[0] : undefined;
}
