// By what a person is found in the log: their accounts and ghosts, and the names and addresses that the tables and FHIR have.
import type { HumanName, ContactPoint } from 'fhir/r4.js';
import type { MatrixUserId } from '../../domain/ids.ts';
import { displayNameOf, nameOfProfessional } from '../../mapping/people.ts';
import type { Sought } from '../../inbox/forget-items.ts';
import type { Forgetting } from '../../store/forgettings.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Bridge } from '../bridge.ts';
import { createReadSet } from '../people/read-set.ts';

/** Shorter ones stand in too many words. */
const SHORTEST = 4;

/** What stands in the log of them. Where FHIR does not have them any more, the tables alone tell their names. */
export async function soughtOf(
  { db, fhir, settings, store }: Pick<Bridge, 'db' | 'fhir' | 'settings' | 'store'>,
  whom: Pick<Forgetting, 'accounts' | 'ghosts' | 'people'>,
  signal: AbortSignal,
): Promise<Sought & { readonly users: readonly MatrixUserId[] }> {
  const reads = createReadSet(fhir, signal);
  await reads.read(whom.people);
  const ghosts = await store.ghosts.findGhosts(db, whom.ghosts);
  const known = [
    ...[...ghosts.values()].map(({ displayName = '' }) => displayName),
    ...(await store.personalData.findDirectoryNames(db, whom.people)),
  ];
  const told = whom.people.flatMap((person) => textsOf(reads.find(person), settings.namePolicy));
  const texts = new Set([...known, ...told]);
  return {
    users: [...whom.accounts, ...whom.ghosts],
    texts: [...texts].filter(({ length }) => length >= SHORTEST),
  };
}

function textsOf(
  resource: StoredResource | undefined,
  policy: Bridge['settings']['namePolicy'],
): readonly string[] {
  switch (resource?.resourceType) {
    case 'Practitioner':
    case 'Patient':
    case 'RelatedPerson':
      return [
        displayNameOf(resource, policy),
        ...(resource.resourceType === 'Practitioner' ? [nameOfProfessional(resource) ?? ''] : []),
        ...(resource.name ?? []).map(inFull),
        ...(resource.telecom ?? []).map(({ value = '' }: ContactPoint) => value),
      ];
    default:
      return [];
  }
}

function inFull({ text, given = [], family }: HumanName): string {
  return text ?? [...given, family].filter((part) => part !== undefined).join(' ');
}
