// The backend's questions about accounts of this homeserver: logins and profiles, both off unless the operator chose them.
import type { Sleep } from '../../domain/clock.ts';
import { isMatrixUserId, serverNameOf } from '../../domain/ids.ts';
import type { Directory, DirectoryEntry } from '../directories/directory.ts';
import type { KeyedHash } from '../protection/keyed-hash.ts';
import type { TakePoints } from '../protection/rate-limits.ts';
import type { Backend, LoginRequest, QuestionDeps } from './backend.ts';

interface AccountDeps extends QuestionDeps {
  /** The homeserver. */
  readonly serverName: string;
  readonly keyedHash: Pick<KeyedHash, 'ofText'>;
}

interface LoginDeps extends AccountDeps {
  readonly directory: Pick<Directory, 'authenticate'>;
  readonly passwordLogin: boolean;
  /** The limit of each account, for all callers together. */
  readonly loginLimit: TakePoints;
  readonly sleep: Sleep;
}

interface ProfileDeps extends AccountDeps {
  readonly directory: Pick<Directory, 'describe'>;
  readonly profiles: boolean;
}

/** The least time of a login: an account that does not exist takes as long as a wrong password. */
const LOGIN_MS = 500;
const LOCALPART = /^[a-z0-9._=/+-]{1,200}$/;

/** Logins of accounts of this homeserver; every failure is the same answer after the same time. */
export function createLogin(deps: LoginDeps): Backend['login'] {
  const { passwordLogin, keyedHash, audit, sleep } = deps;
  return async (caller, request, signal) => {
    if (!passwordLogin) return undefined;
    const record = {
      ...({ caller, action: 'login', medium: undefined } as const),
      subject: keyedHash.ofText(request.localpart),
    };
    const [settled] = await Promise.allSettled([
      attempt(deps, caller, request, signal),
      sleep(LOGIN_MS, signal),
    ]);
    if (settled.status === 'rejected') {
      await audit([{ ...record, outcome: 'failed' }]);
      throw settled.reason;
    }
    const found = settled.value?.userId;
    await audit([{ ...record, outcome: found === undefined ? 'refused' : 'found', found }]);
    return settled.value;
  };
}

async function attempt(
  { directory, serverName, callerLimit, loginLimit, keyedHash }: LoginDeps,
  caller: string,
  { localpart, domain, password }: LoginRequest,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  const waits = await Promise.all([
    callerLimit(caller),
    loginLimit(keyedHash.ofText(localpart).toString('base64')),
  ]);
  if (waits.some((wait) => wait !== undefined) || domain !== serverName || !LOCALPART.test(localpart))
    return undefined;
  const entry = await directory.authenticate?.(localpart, password, signal);
  // ma1sd never compares the account with the one asked for: a directory that matches loosely would log in another.
  return entry?.userId === `@${localpart}:${serverName}` ? entry : undefined;
}

/** Profiles of users of this homeserver. */
export function createProfile(deps: ProfileDeps): Backend['profile'] {
  const { directory, serverName, profiles, callerLimit, keyedHash, audit } = deps;
  return async (caller, userId, signal) => {
    if (!profiles || !isMatrixUserId(userId) || serverNameOf(userId) !== serverName) return undefined;
    const limited = (await callerLimit(caller)) !== undefined;
    const entry = limited ? undefined : await directory.describe?.(userId, signal);
    await audit([
      {
        ...{ caller, action: 'profile', medium: undefined, subject: keyedHash.ofText(userId) },
        outcome: limited ? 'refused' : entry === undefined ? 'none' : 'found',
        found: entry?.userId,
      },
    ]);
    return entry;
  };
}
