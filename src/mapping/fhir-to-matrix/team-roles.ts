// The roles that a care team gives to a person: by its own participations, since roles give power.
import type { CodeableConcept } from 'fhir/r4.js';
import type { CareTeam } from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { earliest, holdsAt, nextBoundary } from '../periods.ts';

/**
 * The roles at a moment. A participation that has ended gives none.
 * @param references by which the team may name the person: their own, and those of their PractitionerRoles
 * @param at milliseconds since the epoch
 * @returns also until when, by the clock alone, it is these; undefined for ever
 */
export function teamRolesOf(
  careTeam: CareTeam | undefined,
  references: readonly FhirReference[],
  at: number,
): { readonly roles: readonly CodeableConcept[]; readonly until: number | undefined } {
  const participations = (careTeam?.participant ?? []).filter(({ member }) => {
    const named = parseReference(member?.reference)?.reference;
    return named !== undefined && references.includes(named);
  });
  return {
    roles: participations.filter(({ period }) => holdsAt(period, at)).flatMap(({ role = [] }) => role),
    until: earliest(participations.map(({ period }) => nextBoundary(period, at))),
  };
}
