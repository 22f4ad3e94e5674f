// Whether FHIR, a directory or an operator says at this moment that a Matrix account is a person's.
import { referenceTo, typeOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import type { Identity } from '../../mapping/identities.ts';
import type { KnownPerson } from '../../store/people.ts';
import type { Bridge } from '../bridge.ts';
import { accountIn } from './account-of.ts';
import { readIdentities } from './desired-ghost.ts';
import { directoryAccounts } from './directory-accounts.ts';
import { isConfirmed } from './confirmed-account.ts';
import type { ReadSet } from './read-set.ts';

/** What it is asked with. */
export type Naming = Pick<
  Bridge,
  'accountInDirectory' | 'clock' | 'db' | 'homeserver' | 'settings' | 'store'
>;

interface Asked {
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
}

/**
 * The person, where the account is said to be theirs: by themselves, by a role that they hold, by a directory or an operator. That
 * another person says the same is not looked at.
 * @returns undefined where nobody says so any more
 */
export async function bearerOf(
  naming: Naming,
  reads: ReadSet,
  { reference, userId }: Asked,
  signal: AbortSignal,
): Promise<Identity | undefined> {
  const at = naming.clock.now().getTime();
  const identity = await identityOf(reads, [reference], at);
  const person = identity.reference;
  const known = await naming.store.people.findPeople(naming.db, [...new Set([reference, person])]);
  if ([...known.values()].some(({ storedUserId }) => storedUserId === userId)) return identity;
  if (!identity.isRead) return undefined;
  const isNamed =
    (await isNamedBy(naming, { identity, known, userId, at }, signal)) ||
    (await isNamedByRole(naming, reads, { identity, known, userId, at }, signal));
  return isNamed && (await isConfirmed(naming, { person, userId }, signal)) ? identity : undefined;
}

/** A person with the roles that they hold. */
export async function identityOf(
  reads: ReadSet,
  references: readonly FhirReference[],
  at: number,
): Promise<Identity> {
  const named = new Map(references.map((reference) => [reference, []]));
  const [identity] = await readIdentities(reads, named, at);
  if (identity === undefined) throw new TypeError('A reference stands for one person');
  return identity;
}

/** The references of the roles that a practitioner holds; none for others. */
export async function rolesHeldBy(reads: ReadSet, person: FhirReference): Promise<readonly FhirReference[]> {
  if (typeOf(person) !== 'Practitioner') return [];
  return (await reads.rolesOf(person)).map(({ id }) => referenceTo('PractitionerRole', id));
}

interface Candidate {
  readonly identity: Identity;
  readonly known: ReadonlyMap<FhirReference, KnownPerson>;
  readonly userId: MatrixUserId;
  readonly at: number;
}

async function isNamedBy(
  naming: Naming,
  { identity, known, userId, at }: Candidate,
  signal: AbortSignal,
): Promise<boolean> {
  const { settings } = naming;
  const nothing = { inDirectory: new Map(), successors: new Map(), refused: new Set<FhirReference>() };
  const sources = { settings, at, known, ...nothing };
  const account = accountIn(sources, identity);
  if (account.kind === 'user') return account.userId === userId;
  const inDirectory = await directoryAccounts(naming, [identity], known, signal);
  return accountIn({ ...sources, inDirectory }, identity).userId === userId;
}

/** Rooms name people by some of their roles, so each of these may give them the account, and so may all together. */
async function isNamedByRole(
  naming: Naming,
  reads: ReadSet,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<boolean> {
  const { reference } = candidate.identity;
  const roles = await rolesHeldBy(reads, reference);
  const ways = [
    ...roles.map((role) => [reference, role]),
    ...(roles.length > 1 ? [[reference, ...roles]] : []),
  ];
  for (const way of ways) {
    const identity = await identityOf(reads, way, candidate.at);
    if (await isNamedBy(naming, { ...candidate, identity }, signal)) return true;
  }
  return false;
}
