// A person's ghost as it should be: its user id, name and picture.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { avatarOf, type Avatar } from '../../mapping/avatars.ts';
import { ghostUserId } from '../../mapping/ghosts.ts';
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
  { clock, settings }: Pick<Bridge, 'clock' | 'settings'>,
  reference: FhirReference,
  reads: ReadSet,
): Promise<DesiredGhost> {
  const [identity] = await readIdentities(reads, new Map([[reference, []]]), clock.now().getTime());
  if (identity === undefined) throw new TypeError('A reference stands for one person');
  return ghostOf(settings, identity);
}

/** The same of a person who was read. */
export function ghostOf(settings: BridgeSettings, identity: Identity): DesiredGhost {
  const { reference, resource, roles, isRead } = identity;
  const organization = roles[0]?.organization;
  return {
    userId: ghostIdOf(settings, reference),
    reference,
    isGuess: !isRead,
    displayName: displayNameOf(resource, settings.namePolicy, { organization }),
    avatar: avatarOf(resource, settings),
  };
}

/** The user id of a person's ghost. */
export function ghostIdOf(settings: BridgeSettings, reference: FhirReference): MatrixUserId {
  const { pseudonymizationKey, ghostPrefix, serverName } = settings;
  return ghostUserId(reference, { key: pseudonymizationKey, prefix: ghostPrefix, serverName });
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
