// The one interface to whatever knows who is who: the bridge's own table, a FHIR directory, Keycloak.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';

/**
 * The kinds of identifiers of a person. BSN and pseudo-BSN are never media.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#3-identiteit--authenticatie-integratie
 */
export type Medium = 'email' | 'uzi_nr' | 'ura_nr' | 'role_code';

/** A third-party identifier, validated and canonical (`threepid.ts`). */
export interface Threepid {
  readonly medium: Medium;
  readonly address: string;
}

/** What a directory says of a third-party identifier: one user, none, or several, of whom none is chosen. */
export type Resolution =
  | { readonly kind: 'found'; readonly userId: MatrixUserId }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ambiguous' };

/** What the user ids of one identifier mean. */
export function resolutionOf(userIds: readonly MatrixUserId[]): Resolution {
  const [userId, other] = new Set(userIds);
  if (userId === undefined) return { kind: 'unknown' };
  return other === undefined ? { kind: 'found', userId } : { kind: 'ambiguous' };
}

/** A user that a search found. */
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
  /** Everyone, page by page from a position, for the sync of the local table; from the beginning without one. */
  readonly list?: (position: string | undefined, signal: AbortSignal) => Promise<DirectoryPage>;
  /** What the directory says now of these records: all of them, gone ones without an entry. */
  readonly read?: (keys: readonly string[], signal: AbortSignal) => Promise<readonly DirectoryRecord[]>;
}

/** A record of a directory under the directory's own key; without an entry when there is no one to be found by it. */
export interface DirectoryRecord {
  readonly key: string;
  readonly entry: DirectoryEntry | undefined;
}

/** A part of what a directory holds, or of what has changed in it. Records may come more than once. */
export interface DirectoryPage {
  readonly records: readonly DirectoryRecord[];
  /** Where the next page begins. Only the directory understands it. */
  readonly position: string;
  /** Whether it was the last page for now; the next one is then worth asking for after a while. */
  readonly done: boolean;
  /** The page is one of a pass over everyone: who was on none of its pages is to be read again, and may be gone. */
  readonly pass: string | undefined;
}
