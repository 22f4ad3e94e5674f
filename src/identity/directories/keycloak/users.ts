// A user of Keycloak → identifiers, Matrix user id and directory entry.
import type { MatrixUserId } from '../../../domain/ids.ts';
import { isMatrixUserId, serverNameOf } from '../../../domain/ids.ts';
import type { DirectoryEntry, Threepid } from '../directory.ts';
import { cleanName } from '../names.ts';
import { MEDIA, threepidOf } from '../threepid.ts';
import type { KeycloakUser } from './api.ts';
import type { AttributeNames } from './attributes.ts';
import { ATTRIBUTE_OF } from './attributes.ts';

/** How users of the realm are read. */
export interface KeycloakMapping {
  readonly attributes: AttributeNames;
  /** Whether the username is the localpart of users without a Matrix id in their attributes. */
  readonly usernameIsLocalpart: boolean;
  /** The homeserver of localparts. */
  readonly serverName: string;
  /** Other homeservers whose users may be named in the attribute. */
  readonly trustedServers: readonly string[];
}

/** What a user can be found by, and as whom. */
export interface ReadUser {
  readonly userId: MatrixUserId | undefined;
  readonly threepids: readonly Threepid[];
  /** Present when the user is enabled and has a Matrix user id. */
  readonly entry: DirectoryEntry | undefined;
}

const LOCALPART = /^[a-z0-9._=/+-]+$/;

/**
 * Reads a user.
 * @param reliable the attributes that only administrators can write; the others count for nothing
 */
export function readUser(
  user: KeycloakUser,
  mapping: KeycloakMapping,
  reliable: ReadonlySet<string>,
): ReadUser {
  const values = (name: string): readonly string[] =>
    reliable.has(name) ? (user.attributes?.[name] ?? []) : [];
  const valuesOf = (medium: Threepid['medium']): readonly (string | undefined)[] => {
    if (medium === 'email') return user.emailVerified === true ? [user.email] : [];
    return values(mapping.attributes[ATTRIBUTE_OF[medium]]);
  };
  const isEnabled = user.enabled !== false;
  const threepids = MEDIA.flatMap((medium) =>
    isEnabled ? valuesOf(medium).flatMap((value) => threepidOf(medium, value) ?? []) : [],
  );
  const userId = userIdOf(user, values(mapping.attributes.matrixId), mapping);
  const displayName = cleanName(
    [user.firstName, user.lastName].filter((name) => name !== undefined).join(' '),
  );
  return {
    userId,
    threepids,
    entry:
      userId !== undefined && isEnabled
        ? { userId, displayName, threepids, reference: undefined }
        : undefined,
  };
}

function userIdOf(
  { username }: KeycloakUser,
  [value, second]: readonly string[],
  { usernameIsLocalpart, serverName, trustedServers }: KeycloakMapping,
): MatrixUserId | undefined {
  if (second !== undefined) return undefined;
  if (value?.startsWith('@') === true) {
    if (!isMatrixUserId(value)) return undefined;
    return [serverName, ...trustedServers].includes(serverNameOf(value)) ? value : undefined;
  }
  const localpart = value ?? (usernameIsLocalpart ? username.toLowerCase() : '');
  const userId = `@${localpart}:${serverName}`;
  return LOCALPART.test(localpart) && isMatrixUserId(userId) ? userId : undefined;
}
