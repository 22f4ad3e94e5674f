// The questions of the ma1sd backend, whatever the dialect of their answers: what each takes and gives.
import type { MatrixUserId } from '../../domain/ids.ts';
import type { DirectoryEntry } from '../directories/directory.ts';
import type { Audit } from '../protection/audit.ts';
import type { TakePoints } from '../protection/rate-limits.ts';

/** An identifier as received. */
export interface AskedThreepid {
  readonly medium: string;
  readonly address: string;
}

export interface LoginRequest {
  readonly localpart: string;
  readonly domain: string;
  readonly password: string;
}

export interface Backend {
  /** The user of each identifier, in the order asked; `limited` where the caller asks too much. */
  readonly resolve: (
    caller: string,
    action: 'single' | 'bulk',
    asked: readonly AskedThreepid[],
    signal: AbortSignal,
  ) => Promise<readonly (MatrixUserId | undefined)[] | 'limited'>;
  /** Users of this homeserver that a term finds. */
  readonly search: (
    caller: string,
    by: 'name' | 'threepid',
    term: string,
    signal: AbortSignal,
  ) => Promise<{ readonly entries: readonly DirectoryEntry[]; readonly limited: boolean }>;
  /** The account of a login and password; undefined for everything that is not a success. */
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

/** What every question needs. */
export interface QuestionDeps {
  /** The caller's limit: one point for each identifier. */
  readonly callerLimit: TakePoints;
  readonly audit: Audit;
}
