// What the ma1sd backend is asked, whatever the dialect: limits, directories, audit. Shapes are the HTTP layer's.
import type { Sleep } from '../../domain/clock.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { Directory, DirectoryEntry, Medium, Threepid } from '../directories/directory.ts';
import { parseThreepid } from '../directories/threepid.ts';
import type { Audit, AuditRecord } from '../protection/audit.ts';
import { createLogin, createProfile } from './accounts.ts';
import { createSearch } from './search.ts';
import { mapBounded } from '../protection/deadline.ts';
import type { KeyedHash } from '../protection/keyed-hash.ts';
import type { TakePoints } from '../protection/rate-limits.ts';

/** An identifier as received. */
export interface AskedThreepid {
  readonly medium: string;
  readonly address: string;
}

/** Whoever asks too much reads this in the place of an answer. */
export type Limited = 'limited';

export interface LoginRequest {
  readonly localpart: string;
  readonly domain: string;
  readonly password: string;
}

export interface Backend {
  /** The user of each identifier, in the order asked. */
  readonly resolve: (
    caller: string,
    action: 'single' | 'bulk',
    asked: readonly AskedThreepid[],
    signal: AbortSignal,
  ) => Promise<readonly (MatrixUserId | undefined)[] | Limited>;
  /** Users of this homeserver that a term finds. */
  readonly search: (
    caller: string,
    by: 'name' | 'threepid',
    term: string,
    signal: AbortSignal,
  ) => Promise<{ readonly entries: readonly DirectoryEntry[]; readonly limited: boolean }>;
  /** Whose login and password these are; undefined for everything that is not a success. */
  readonly login: (
    caller: string,
    request: LoginRequest,
    signal: AbortSignal,
  ) => Promise<DirectoryEntry | undefined>;
  /** What is known of a user of this homeserver; undefined too where profiles are off. */
  readonly profile: (
    caller: string,
    userId: string,
    signal: AbortSignal,
  ) => Promise<DirectoryEntry | undefined>;
}

export interface BackendDeps {
  readonly directory: Directory;
  readonly serverName: string;
  readonly media: readonly Medium[];
  readonly searchPatients: boolean;
  readonly passwordLogin: boolean;
  readonly profiles: boolean;
  readonly limits: Readonly<Record<'caller' | 'subject' | 'login', TakePoints>>;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly sleep: Sleep;
}

const CONCURRENT_RESOLUTIONS = 8;

/** Creates the backend. */
export function createBackend(deps: BackendDeps): Backend {
  return {
    resolve: createResolve(deps),
    search: createSearch(deps),
    login: createLogin(deps),
    profile: createProfile(deps),
  };
}

function createResolve({ directory, limits, keyedHash, audit, ...deps }: BackendDeps): Backend['resolve'] {
  const media = new Set<Medium>(deps.media);

  function readable({ medium, address }: AskedThreepid): Threepid | undefined {
    const parsed = parseThreepid(medium, address);
    return 'threepid' in parsed && media.has(parsed.threepid.medium) ? parsed.threepid : undefined;
  }

  return async (caller, action, asked, signal) => {
    const record = (threepid: Threepid | undefined, outcome: AuditRecord['outcome']) => ({
      ...{ caller, action, medium: threepid?.medium, outcome },
      subject: threepid === undefined ? undefined : keyedHash.ofThreepid(threepid),
    });
    const threepids = asked.map(readable);
    if ((await limits.caller(caller, asked.length)) !== undefined) {
      await audit(threepids.map((threepid) => record(threepid, 'refused')));
      return 'limited';
    }
    const resolveOne = async (threepid: Threepid | undefined): Promise<MatrixUserId | undefined> => {
      if (threepid === undefined) return undefined;
      const key = keyedHash.ofThreepid(threepid).toString('base64');
      if ((await limits.subject(key)) !== undefined) return undefined;
      const resolution = await directory.resolve(threepid, signal);
      return resolution.kind === 'found' ? resolution.userId : undefined;
    };
    try {
      const boxed = await mapBounded(threepids, CONCURRENT_RESOLUTIONS, async (threepid) => ({
        threepid,
        userId: await resolveOne(threepid),
      }));
      await audit(boxed.map(({ threepid, userId }) => record(threepid, userId ? 'found' : 'none')));
      return boxed.map(({ userId }) => userId);
    } catch (error) {
      await audit(threepids.map((threepid) => record(threepid, 'failed')));
      throw error;
    }
  };
}
