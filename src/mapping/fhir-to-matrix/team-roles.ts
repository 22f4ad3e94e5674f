// Adds the roles that a care team gives to people whom a conversation names directly.
import type { CareTeam } from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { earliest, holdsAt, nextBoundary } from '../periods.ts';
import type { WantedPeople } from './participants.ts';

/**
 * The people with the roles that the team gives them at a moment. A participation that has ended gives none, because roles give
 * power.
 * @param at milliseconds since the epoch
 */
export function withTeamRoles(
  wanted: WantedPeople,
  careTeam: CareTeam | undefined,
  at: number,
): WantedPeople {
  const participations = (careTeam?.participant ?? []).map(({ member, role = [], period }) => ({
    reference: parseReference(member?.reference)?.reference,
    roles: role,
    period,
  }));
  const of = (reference: FhirReference) => participations.filter((each) => each.reference === reference);
  const people = wanted.people.map(({ reference, roles }) => {
    const present = of(reference).filter(({ period }) => holdsAt(period, at));
    return { reference, roles: [...roles, ...present.flatMap((each) => each.roles)] };
  });
  const boundaries = people
    .flatMap(({ reference }) => of(reference))
    .map(({ period }) => nextBoundary(period, at));
  return { ...wanted, people, until: earliest([wanted.until, ...boundaries]) };
}
