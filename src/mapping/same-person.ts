// Whether two resources are of one human, by what they say themselves.
import type { Identifier } from 'fhir/r4.js';
import type { Identity } from './identities.ts';

/** Whether they are one Practitioner, with or without roles, or bear a common identifier: a system and a value. */
export function isSamePerson(one: Identity, other: Identity): boolean {
  if (one.reference === other.reference) return true;
  const known = new Set(keysOf(one.resource.identifier));
  return keysOf(other.resource.identifier).some((key) => known.has(key));
}

function keysOf(identifiers: readonly Identifier[] | undefined): readonly string[] {
  return (identifiers ?? []).flatMap(({ system, value }) =>
    system === undefined || system === '' || value === undefined || value === ''
      ? []
      : [`${system} ${value}`],
  );
}
