// The bodies of the ma1sd backend's answers in both dialects: the product's own, and the June 2025 guide's.
import type { MatrixUserId } from '../../domain/ids.ts';
import type { DirectoryEntry } from '../directories/directory.ts';
import type { AskedThreepid } from './backend.ts';

type Body = Readonly<Record<string, unknown>>;

interface Found {
  readonly asked: AskedThreepid;
  readonly userId: MatrixUserId;
}

/** The forms of answers. A failure is an answer too: other failures would break ma1sd. */
export interface BackendShapes {
  readonly single: (asked: AskedThreepid, userId: MatrixUserId | undefined) => Body;
  readonly bulk: (found: readonly Found[]) => Body;
  readonly search: (entries: readonly DirectoryEntry[], limited: boolean) => Body;
  readonly login: (entry: DirectoryEntry | undefined) => Body;
}

const mxid = (userId: MatrixUserId): Body => ({ type: 'mxid', value: userId });
/** Medium and address go back byte for byte: ma1sd finds its own question by them. */
const mappingOf = ({ asked: { medium, address }, userId }: Found): Body => ({
  medium,
  address,
  id: mxid(userId),
});
const localpartOf = (userId: MatrixUserId): string => userId.slice(1, userId.indexOf(':'));
const localpart = (userId: MatrixUserId): Body => ({ type: 'localpart', value: localpartOf(userId) });

/** Synapse takes no other third-party identifiers of accounts, and ma1sd's module writes past its check. */
const emailsOf = ({ threepids }: DirectoryEntry): readonly Body[] =>
  threepids.filter(({ medium }) => medium === 'email').map(({ medium, address }) => ({ medium, address }));

/** The answer to a login; `more` adds to the profile. */
const loginOf = (
  entry: DirectoryEntry | undefined,
  more: (entry: DirectoryEntry) => Body = () => ({}),
): Body =>
  entry === undefined
    ? { success: false }
    : {
        success: true,
        id: localpart(entry.userId),
        profile: {
          ...(entry.displayName !== undefined && { display_name: entry.displayName }),
          three_pids: emailsOf(entry),
          ...more(entry),
        },
      };

/** The role codes of a user. */
export const rolesOf = ({ threepids }: DirectoryEntry): Body => ({
  roles: threepids.filter(({ medium }) => medium === 'role_code').map(({ address }) => address),
});

/** The shapes that ma1sd reads. */
export const productShapes: BackendShapes = {
  single: (asked, userId) => (userId === undefined ? {} : { lookup: mappingOf({ asked, userId }) }),
  bulk: (found) => ({ lookup: found.map(mappingOf) }),
  search: (entries, limited) => ({
    limited,
    results: entries.map(({ userId, displayName }) => ({
      user_id: localpartOf(userId),
      ...(displayName !== undefined && { display_name: displayName }),
    })),
  }),
  login: (entry) => ({ auth: loginOf(entry) }),
};

/**
 * The shapes of the guide, which ma1sd does not read. `mxid` stays where the guide writes `localpart`: that would put
 * people of other homeservers on this one.
 */
export const guideShapes: BackendShapes = {
  single: (_asked, userId) => (userId === undefined ? {} : { id: mxid(userId) }),
  bulk: (found) => ({ results: found.map(mappingOf) }),
  search: (entries, limited) => ({
    limited,
    results: entries.map(({ userId, displayName }) => ({
      value: localpartOf(userId),
      display_name: displayName ?? localpartOf(userId),
    })),
  }),
  login: (entry) => loginOf(entry, rolesOf),
};
