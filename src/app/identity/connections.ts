// Connections to the servers of directories, as the configuration describes them.
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../domain/clock.ts';
import { createFhirClient } from '../../fhir/client.ts';
import { createFhirSearches } from '../../fhir/searches.ts';
import {
  createDirectoryServer,
  DIRECTORY_LIMITS,
  refuseUnlessAllowed,
} from '../../identity/directories/directory-server.ts';
import type { DirectoryServer } from '../../identity/directories/directory-server.ts';
import { createFhirDirectory, DIRECTORY_CODES } from '../../identity/directories/mcsd/fhir-directory.ts';
import type { FhirDirectory } from '../../identity/directories/mcsd/fhir-directory.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

type DirectoryConfig = Config['identity']['directories'][number];

/** A directory of one kind, as configured. */
export type DirectoryOf<Kind extends DirectoryConfig['kind']> = Extract<
  DirectoryConfig,
  { readonly kind: Kind }
>;

type ServerConfig = Pick<
  Config['identity']['homeserverSources'][number] | DirectoryOf<'mcsd' | 'keycloak'>,
  'name' | 'baseUrl' | 'allowPrivateAddresses' | 'ca' | 'cert' | 'key'
>;

interface Deps {
  readonly metrics: Pick<Metrics, 'observeDirectory'>;
  readonly clock: Clock;
}

const addressOf = ({ name, baseUrl, allowPrivateAddresses, ca, cert, key }: ServerConfig) => ({
  ...{ name, baseUrl, allowPrivateAddresses, tls: { ca, cert, key } },
});

/** Connects to a server, each of whose requests takes at most so long; opens no connection yet. */
export function connectServer(
  { metrics }: Pick<Deps, 'metrics'>,
  one: ServerConfig,
  requestTimeoutMs: number,
): DirectoryServer {
  return createDirectoryServer({ ...addressOf(one), requestTimeoutMs, observe: metrics.observeDirectory });
}

/**
 * The same for a FHIR server.
 * @throws BridgeError `directory-address` when the base URL is private or not encrypted, and may not be
 */
export function connectFhirDirectory(
  { metrics, clock }: Deps,
  one: ServerConfig & { readonly bearerToken?: string | undefined },
  requestTimeoutMs: number,
): FhirDirectory {
  refuseUnlessAllowed(one);
  const client = createFhirClient({
    ...{ ...addressOf(one), bearerToken: one.bearerToken, requestTimeoutMs },
    ...{ observe: metrics.observeDirectory, label: one.name, codes: DIRECTORY_CODES, ...DIRECTORY_LIMITS },
    // Servers answer from earlier searches; what was written a moment ago counts.
    cacheControl: 'no-cache',
    // The chain of directories does.
    breaksCircuit: false,
  });
  return createFhirDirectory(one.name, createFhirSearches(client, clock));
}
