// A person's ghost as it should be: its user id, name and picture.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { avatarOf, type Avatar } from '../../mapping/avatars.ts';
import { forgottenDigest, ghostUserId } from '../../mapping/ghosts.ts';
import { identitiesOf, relatedTo, type Identity } from '../../mapping/identities.ts';
import { displayNameOf } from '../../mapping/people.ts';
import type { Bridge, BridgeSettings } from '../bridge.ts';
import type { NamedPeople } from './expand-people.ts';
import type { ReadSet } from './read-set.ts';

/** A ghost as it should be. */
export interface DesiredGhost {
  readonly userId: MatrixUserId;
  /** The person. */
  readonly reference: FhirReference;
  readonly displayName: string;
  /** Undefined shows none. */
  readonly avatar: Avatar | undefined;
  /** The person could not be read: what was shown before is better, and each role may name them otherwise. */
  readonly isGuess: boolean;
}

/** A person's ghost; the person is read for it. */
export async function desiredGhostOf(
  { clock, ...bridge }: Pick<Bridge, 'clock' | 'db' | 'settings' | 'store'>,
  reference: FhirReference,
  reads: ReadSet,
): Promise<DesiredGhost> {
  const [identity] = await readIdentities(reads, new Map([[reference, []]]), clock.now().getTime());
  if (identity === undefined) throw new TypeError('A reference stands for one person');
  return ghostOf(bridge.settings, identity, await presentGhostOf(bridge, identity.reference));
}

/** The same of a person who was read. @param userId of their ghost */
export function ghostOf(settings: BridgeSettings, identity: Identity, userId: MatrixUserId): DesiredGhost {
  const { reference, resource, roles, isRead } = identity;
  const organization = roles[0]?.organization;
  return {
    userId,
    reference,
    isGuess: !isRead,
    displayName: displayNameOf(resource, settings.namePolicy, { organization }),
    avatar: avatarOf(resource, settings),
  };
}

/**
 * The user id of a ghost of a person: of their first, unless some were given up.
 * @param givenUp how many
 */
export function ghostIdOf(settings: BridgeSettings, reference: FhirReference, givenUp = 0): MatrixUserId {
  const { pseudonymizationKey, ghostPrefix, serverName } = settings;
  return ghostUserId(reference, { key: pseudonymizationKey, prefix: ghostPrefix, serverName }, givenUp);
}

/** The user id of the ghost that a person has, or is to have, now: one that was given up when they were forgotten is never used again. */
export async function presentGhostOf(
  bridge: Pick<Bridge, 'db' | 'settings' | 'store'>,
  reference: FhirReference,
): Promise<MatrixUserId> {
  const successors = await successorsOf(bridge, [reference]);
  return successors.get(reference) ?? ghostIdOf(bridge.settings, reference);
}

/** The ghosts of those of these people whose first one was given up. */
export async function successorsOf(
  bridge: Pick<Bridge, 'db' | 'settings' | 'store'>,
  references: readonly FhirReference[],
): Promise<ReadonlyMap<FhirReference, MatrixUserId>> {
  const forgotten = await forgottenAmong(bridge, references);
  return new Map(
    [...forgotten].map(([reference, givenUp]) => [reference, ghostIdOf(bridge.settings, reference, givenUp)]),
  );
}

/** Those of these people who were forgotten, with the number of ghosts that each has given up. */
export async function forgottenAmong(
  { db, settings, store }: Pick<Bridge, 'db' | 'settings' | 'store'>,
  references: readonly FhirReference[],
): Promise<ReadonlyMap<FhirReference, number>> {
  if (references.length === 0) return new Map();
  const digests = new Map(
    references.map((each) => [forgottenDigest(each, settings.pseudonymizationKey), each]),
  );
  const found = await store.forgottenPeople.findForgotten(db, [...digests.keys()]);
  return new Map(
    [...digests].flatMap(([digest, each]): (readonly [FhirReference, number])[] => {
      const givenUp = found.get(digest);
      return givenUp === undefined ? [] : [[each, givenUp]];
    }),
  );
}

/**
 * Reads the people, and then their roles' holders and organisations.
 * @param at milliseconds since the epoch
 */
export async function readIdentities(
  reads: ReadSet,
  named: NamedPeople,
  at: number,
): Promise<readonly Identity[]> {
  const references = [...named.keys()];
  await reads.read(references);
  const roles = references
    .map(reads.find)
    .filter((resource) => resource?.resourceType === 'PractitionerRole');
  await reads.read(roles.flatMap(relatedTo));
  return identitiesOf(named, reads.find, at);
}
