// What a care team says of its members' roles, for those whom a conversation names by themselves.
import type { CodeableConcept } from 'fhir/r4.js';
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import { parseReference } from '../../domain/ids.ts';

interface Named {
  readonly reference: FhirReference;
  readonly roles: readonly CodeableConcept[];
}

/** The people with the roles that the team gives them added to their own. */
export function withTeamRoles<Wanted extends { readonly people: readonly Named[] }>(
  wanted: Wanted,
  careTeam: CareTeam | undefined,
): Wanted {
  const rolesIn = (reference: FhirReference): readonly CodeableConcept[] =>
    (careTeam?.participant ?? [])
      .filter(({ member }) => parseReference(member?.reference)?.reference === reference)
      .flatMap(({ role }) => role ?? []);
  const people = wanted.people.map((named) => ({
    ...named,
    roles: [...named.roles, ...rolesIn(named.reference)],
  }));
  return { ...wanted, people };
}
