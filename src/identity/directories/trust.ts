// Whether a directory's assertion of a Matrix address counts. Otherwise any directory could assert any account.
import type { MatrixUserId } from '../../domain/ids.ts';
import { serverNameOf } from '../../domain/ids.ts';

/** What a directory asserts of an organisation. */
export interface AssertedOrganization {
  /** Its URA numbers, or those of the organisation it belongs to. */
  readonly uras: readonly string[];
  /** The homeservers it publishes in the same directory. */
  readonly homeservers: readonly string[];
}

/** What the operator believes of a directory. */
export interface TrustConfig {
  /** Homeservers of which it may name any user: your own, for your own directory. */
  readonly trustedServers: readonly string[];
  /** The organisations it is authoritative for, by URA number. */
  readonly authoritativeFor: 'all' | readonly string[];
  /** Whether the homeserver that an organisation publishes in this directory is believed where no other source names one. */
  readonly believePublished: boolean;
  /** The homeserver of an organisation by a source that is not this directory. */
  readonly homeserverOf: (ura: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** Whether the Matrix address that a directory asserts for a person of these organisations is accepted. */
export type Accepts = (
  userId: MatrixUserId,
  organizations: readonly AssertedOrganization[],
  signal: AbortSignal,
) => Promise<boolean>;

/**
 * Creates the rule: the address's server must be the homeserver of one of the person's organisations, for which the directory
 * is authoritative
 * (https://github.com/nuts-foundation/nl-generic-functions-ig/blob/main/input/pagecontent/care-services.md).
 */
export function createTrust(config: TrustConfig): Accepts {
  const { trustedServers, authoritativeFor, believePublished, homeserverOf } = config;
  const isAuthoritative = (ura: string): boolean =>
    authoritativeFor === 'all' || authoritativeFor.includes(ura);

  async function isHomeserverOf(
    server: string,
    { uras, homeservers }: AssertedOrganization,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (const ura of uras.filter(isAuthoritative)) {
      const known = await homeserverOf(ura, signal);
      if (known === server) return true;
      if (known === undefined && believePublished && homeservers.length === 1 && homeservers[0] === server) {
        return true;
      }
    }
    return false;
  }

  return async (userId, organizations, signal) => {
    const server = serverNameOf(userId);
    if (trustedServers.includes(server)) return true;
    for (const organization of organizations) {
      if (await isHomeserverOf(server, organization, signal)) return true;
    }
    return false;
  };
}
