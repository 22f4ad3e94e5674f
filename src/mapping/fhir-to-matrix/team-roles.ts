// What a care team says of its members' roles, for those whom a conversation names by themselves.
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import { parseReference } from '../../domain/ids.ts';
import { earliest, holdsAt, nextBoundary } from '../periods.ts';
import type { WantedPeople } from './participants.ts';

/**
 * The people with the roles added to their own that the team gives them at a moment: roles give power, so one whose
 * participation is over has none by it.
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
