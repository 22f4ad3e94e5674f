// Whom an operator wants forgotten: the references, accounts and ghosts of one person, and the rooms in which a ghost of theirs is, was or spoke.
import { isMatrixUserId, type FhirReference, type MatrixUserId, type RoomId } from '../../domain/ids.ts';
import { forgottenDigest } from '../../mapping/ghosts.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Forgetting } from '../../store/forgettings.ts';
import type { Bridge } from '../bridge.ts';
import { forgottenAmong, ghostIdOf } from '../people/desired-ghost.ts';
import { rolesHeldBy } from '../people/named-account.ts';
import { createReadSet } from '../people/read-set.ts';

/** What it is found out with. */
export type Finding = Pick<Bridge, 'db' | 'fhir' | 'homeserver' | 'settings' | 'store'>;

/** A person who is to be forgotten. */
export interface Whom extends Forgetting {
  /** Those of their ghosts that are registered. */
  readonly registered: readonly MatrixUserId[];
  /** How many ghosts each of their references will have given up. */
  readonly givenUp: ReadonlyMap<FhirReference, number>;
}

/** @param named the person's reference, or an account of theirs; an account that is nobody's stands for itself */
export async function whomOf(
  finding: Finding,
  named: FhirReference | MatrixUserId,
  signal: AbortSignal,
): Promise<Whom> {
  const { db, settings, store } = finding;
  const isUser = isMatrixUserId(named);
  const reference = isUser ? await store.people.findPersonByUserId(db, named) : named;
  const id = forgottenDigest(reference ?? named, settings.pseudonymizationKey);
  const people = reference === undefined ? [] : await referencesOf(finding, reference, signal);
  const known = await store.personalData.findAccountsOf(db, people);
  const { ghosts, registered, givenUp } = await ghostsOf(finding, people);
  const isGhost = (userId: MatrixUserId): boolean => isOwnUser(settings, userId);
  const before = (await store.forgettings.find(db, id))?.ghosts ?? [];
  const all = new Set([...known, ...(isUser ? [named] : [])]);
  all.delete(settings.bot);
  return {
    ...{ id, people, registered, givenUp },
    accounts: [...all].filter((each) => !isGhost(each)),
    ghosts: [...new Set([...before, ...ghosts, ...[...all].filter(isGhost)])].sort(),
  };
}

/** The rooms that the homeserver and the tables know. */
export async function roomsOf(
  { db, homeserver, store }: Finding,
  { ghosts, registered }: Pick<Whom, 'ghosts' | 'registered'>,
  signal: AbortSignal,
): Promise<readonly RoomId[]> {
  const rooms = new Set(await store.personalData.findRoomsOf(db, ghosts));
  for (const ghost of registered)
    for (const roomId of await homeserver.roomsEver(ghost, signal)) rooms.add(roomId);
  return [...rooms].sort();
}

/** The person's, and those of the roles that they hold. */
async function referencesOf(
  { fhir }: Finding,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  return [reference, ...(await rolesHeldBy(createReadSet(fhir, signal), reference))];
}

/** Those that were given up, and the present one where it is registered. */
async function ghostsOf({ db, settings, store }: Finding, people: readonly FhirReference[]) {
  const before = await forgottenAmong({ db, settings, store }, people);
  const numberOf = (person: FhirReference): number => before.get(person) ?? 0;
  const present = new Map(people.map((person) => [person, ghostIdOf(settings, person, numberOf(person))]));
  const found = await store.ghosts.findGhosts(db, [...present.values()]);
  const registered = [...found.keys()];
  const isRegistered = (person: FhirReference): boolean => found.has(present.get(person) ?? settings.bot);
  const former = people.flatMap((person) =>
    Array.from({ length: numberOf(person) }, (_, index) => ghostIdOf(settings, person, index)),
  );
  return {
    ghosts: [...former, ...registered],
    registered,
    givenUp: new Map(people.map((person) => [person, numberOf(person) + (isRegistered(person) ? 1 : 0)])),
  };
}
