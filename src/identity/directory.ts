// The one interface to whatever knows who is who: the bridge's own table, a FHIR directory, Keycloak.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';

/** What a person can be known by. BSN and pseudo-BSN are never media (specificatie.md §3). */
export type Medium = 'email' | 'uzi_nr' | 'ura_nr' | 'role_code';

/** A third-party identifier, validated and canonical (`threepid.ts`). */
export interface Threepid {
  readonly medium: Medium;
  readonly address: string;
}

/** What a directory says of a third-party identifier. Whoever is one of several is nobody. */
export type Resolution =
  | { readonly kind: 'found'; readonly userId: MatrixUserId }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ambiguous' };

/** Someone a search found. */
export interface DirectoryEntry {
  readonly userId: MatrixUserId;
  readonly displayName: string | undefined;
  readonly threepids: readonly Threepid[];
  readonly reference: FhirReference | undefined;
}

/** A directory of people. Every function throws BridgeError when the directory does not answer. */
export interface Directory {
  /** For logs and metrics: `local`, `mcsd`, `keycloak`. */
  readonly name: string;
  readonly resolve: (threepid: Threepid, signal: AbortSignal) => Promise<Resolution>;
  /**
   * Whom a name or a part of it finds.
   * @param limit the most to return
   */
  readonly search: (term: string, limit: number, signal: AbortSignal) => Promise<readonly DirectoryEntry[]>;
  /** What is known of a user; for profiles. */
  readonly describe?: (userId: MatrixUserId, signal: AbortSignal) => Promise<DirectoryEntry | undefined>;
  /** Who a login and password are, where the directory can tell. */
  readonly authenticate?: (
    login: string,
    password: string,
    signal: AbortSignal,
  ) => Promise<DirectoryEntry | undefined>;
  /** Everyone, page by page from a position, for the sync of the local table. */
  readonly list?: (
    position: string | undefined,
    signal: AbortSignal,
  ) => Promise<{
    readonly entries: readonly DirectoryEntry[];
    readonly gone: readonly MatrixUserId[];
    readonly position: string | undefined;
    readonly done: boolean;
  }>;
}
