// What is stored of a person's account → as FHIR says by now, also where no room depends on them.
import type { FhirReference } from '../../domain/ids.ts';
import type { Claiming } from './account-claims.ts';
import { claimIn } from './account-of.ts';
import { forgottenAmong } from './desired-ghost.ts';
import { bearerOf, identityOf, rolesHeldBy } from './named-account.ts';
import type { ReadSet } from './read-set.ts';
import { rememberPeople, resolvePeople } from './resolve-people.ts';

/** Looks at a person anew. An account that one of their roles gives them stays while it does. */
export async function renewPerson(
  claiming: Claiming,
  reads: ReadSet,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<void> {
  const { clock, db, settings, store } = claiming;
  const at = clock.now().getTime();
  const alone = await identityOf(reads, [reference], at);
  const person = alone.reference;
  const known = (await store.people.findPeople(db, [person])).get(person);
  // Nothing is stored of one who was forgotten, until a space or room names them anew.
  if (known === undefined && (await forgottenAmong(claiming, [person])).has(person)) return;
  const isUnchanged =
    known?.kind === 'user' &&
    known.claimedUserId === (claimIn(settings, at, alone) ?? known.claimedUserId) &&
    (await bearerOf(claiming, reads, { reference: person, userId: known.userId }, signal)) !== undefined;
  if (isUnchanged) return;
  const named = [person, ...(await rolesHeldBy(reads, person))];
  const people = named.map((each) => ({ reference: each, roles: [] }));
  const wanted = { people, careTeams: [], organizations: [] };
  await rememberPeople(claiming, await resolvePeople(claiming, reads, wanted, signal));
}
