// The backend's questions about accounts of this homeserver: logins and profiles, both off unless the operator chose them.
import type { MatrixUserId } from '../../domain/ids.ts';
import { isMatrixUserId, serverNameOf } from '../../domain/ids.ts';
import type { DirectoryEntry } from '../directories/directory.ts';
import type { Backend, BackendDeps, LoginRequest } from './backend.ts';

/** No login is answered sooner: an account that is not there takes as long as a password that is wrong. */
const LOGIN_MS = 500;
const LOCALPART = /^[a-z0-9._=/+-]{1,200}$/;

/** Creates the login. */
export function createLogin(deps: BackendDeps): Backend['login'] {
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
    await audit([{ ...record, outcome: settled.value === undefined ? 'refused' : 'found' }]);
    return settled.value;
  };
}

async function attempt(
  { directory, serverName, limits, keyedHash }: BackendDeps,
  caller: string,
  { localpart, domain, password }: LoginRequest,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  const waits = await Promise.all([
    limits.caller(caller),
    limits.login(keyedHash.ofText(localpart).toString('base64')),
  ]);
  if (waits.some((wait) => wait !== undefined) || domain !== serverName || !LOCALPART.test(localpart))
    return undefined;
  const entry = await directory.authenticate?.(localpart, password, signal);
  // ma1sd never compares the account with the one asked for: a directory that matches loosely would log in another.
  return entry?.userId === `@${localpart}:${serverName}` ? entry : undefined;
}

/** Creates the profiles. */
export function createProfile({
  directory,
  serverName,
  profiles,
  limits,
  keyedHash,
  audit,
}: BackendDeps): Backend['profile'] {
  return async (caller, userId, signal) => {
    if (!profiles || !isMatrixUserId(userId) || serverNameOf(userId) !== serverName) return undefined;
    const limited = (await limits.caller(caller)) !== undefined;
    const entry = limited ? undefined : await describe(directory, userId, signal);
    await audit([
      {
        ...{ caller, action: 'profile', medium: undefined, subject: keyedHash.ofText(userId) },
        outcome: limited ? 'refused' : entry === undefined ? 'none' : 'found',
      },
    ]);
    return entry;
  };
}

async function describe(
  directory: BackendDeps['directory'],
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  return directory.describe?.(userId, signal);
}
