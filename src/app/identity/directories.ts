// The directories put together: settings in; one directory for look-ups, and those that are kept in the local table, out.
import type { Pool } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import { createDirectoryChain } from '../../identity/directories/chain.ts';
import type { Asked } from '../../identity/directories/chain.ts';
import { createFhirClient } from '../../fhir/client.ts';
import { createFhirSearches } from '../../fhir/searches.ts';
import { createFhirDirectory, DIRECTORY_CODES } from '../../identity/directories/mcsd/fhir-directory.ts';
import type { FhirDirectory } from '../../identity/directories/mcsd/fhir-directory.ts';
import { createKeycloakApi } from '../../identity/directories/keycloak/api.ts';
import type { KeycloakClient } from '../../identity/directories/keycloak/api.ts';
import {
  createKeycloakDirectory,
  neededAttributes,
  unreliableAttributes,
} from '../../identity/directories/keycloak/directory.ts';
import type { KeycloakMapping } from '../../identity/directories/keycloak/directory.ts';
import { createLocalDirectory } from '../../identity/directories/local.ts';
import { createMcsdFeed } from '../../identity/directories/mcsd/feed.ts';
import { createMcsdPeople } from '../../identity/directories/mcsd/people.ts';
import { createMcsdDirectory } from '../../identity/directories/mcsd/directory.ts';
import {
  createDirectoryServer,
  DIRECTORY_LIMITS,
  refuseUnlessAllowed,
} from '../../identity/directories/directory-server.ts';
import type { DirectoryServer } from '../../identity/directories/directory-server.ts';
import type { Tls } from '../../net/transport.ts';
import type { AttributeCheck } from '../../jobs/attribute-checks.ts';
import type { SyncedDirectory } from '../../jobs/sync-directories.ts';
import type { Directory, Medium } from '../../identity/directories/directory.ts';
import type { HomeserverOf } from '../../identity/directories/homeserver-discovery.ts';
import type { TrustConfig } from '../../identity/directories/trust.ts';
import { createTrust } from '../../identity/directories/trust.ts';
import { findPeopleByName, findPersonOf, findUsersAt } from '../../store/identities.ts';
import type { Log } from '../../telemetry/log.ts';
import type { RequestObserver } from '../../telemetry/metrics.ts';

/** A server that is asked. */
export interface ServerSettings {
  /** Unique, short and lasting: it stands in metrics and in the local table. */
  readonly name: string;
  readonly baseUrl: string;
  readonly allowPrivateAddresses: boolean;
  readonly tls?: Tls | undefined;
  /** How long a question may take. */
  readonly timeoutMs: number;
}

/** What all directories on servers have in common. */
interface SyncedSettings extends ServerSettings {
  /** Whether its people are kept in the local table. */
  readonly sync: boolean;
  readonly syncEveryMs: number;
}

/** A FHIR directory of care. */
export interface McsdSettings extends SyncedSettings {
  readonly kind: 'mcsd';
  readonly bearerToken?: string | undefined;
  readonly trust: Omit<TrustConfig, 'homeserverOf'>;
  readonly overlapMs: number;
  readonly passEveryMs: number;
}

/** A realm of Keycloak. */
export interface KeycloakSettings extends SyncedSettings {
  readonly kind: 'keycloak';
  readonly realm: string;
  readonly client: KeycloakClient;
  readonly passwordClient?: KeycloakClient | undefined;
  readonly mapping: KeycloakMapping;
}

/** All of it, in the order in which directories are asked. */
export interface DirectoriesSettings {
  readonly directories: readonly ({ readonly kind: 'local' } | McsdSettings | KeycloakSettings)[];
  readonly budgetMs: number;
  readonly agreement: 'first' | 'all';
  readonly media: readonly Medium[];
}

interface Deps {
  readonly settings: DirectoriesSettings;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
  readonly homeserverOf: HomeserverOf;
  readonly observeRequest: RequestObserver;
  readonly observeAsked: (directory: string, asked: Asked) => void;
}

interface Created {
  readonly directory: Directory;
  readonly check?: Omit<AttributeCheck, 'directory'>;
}

/** For the pages of a sync; questions have the shorter time of their directory. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Users of Keycloak per page. */
const PAGE = 100;
/** The local table answers in milliseconds, or not at all. */
const LOCAL_TIMEOUT_MS = 1_000;

/** Puts the directories together. */
export function createDirectories(deps: Deps): {
  readonly directory: Directory;
  readonly synced: readonly SyncedDirectory[];
  readonly checks: readonly AttributeCheck[];
} {
  const { settings, log } = deps;
  const links = settings.directories.map((one) => ({
    one,
    ...createOne(deps, one),
    timeoutMs: one.kind === 'local' ? LOCAL_TIMEOUT_MS : one.timeoutMs,
  }));
  const { budgetMs, agreement, media } = settings;
  return {
    directory: createDirectoryChain({ links, budgetMs, agreement, media, log, observe: deps.observeAsked }),
    synced: links.flatMap(({ one, directory }) =>
      one.kind !== 'local' && one.sync ? [{ directory, intervalMs: one.syncEveryMs }] : [],
    ),
    checks: links.flatMap(({ directory, check }) =>
      check === undefined ? [] : [{ directory: directory.name, ...check }],
    ),
  };
}

function createOne(deps: Deps, one: DirectoriesSettings['directories'][number]): Created {
  switch (one.kind) {
    case 'local':
      return { directory: localDirectory(deps.pool) };
    case 'mcsd':
      return { directory: mcsdDirectory(deps, one) };
    case 'keycloak':
      return keycloakDirectory(deps, one);
  }
}

function localDirectory(pool: Pool): Directory {
  return createLocalDirectory({
    findUsersAt: (addresses) => findUsersAt(pool, addresses),
    findPeopleByName: (beginnings, limit) => findPeopleByName(pool, beginnings, limit),
    findPersonOf: (userId) => findPersonOf(pool, userId),
  });
}

/** A connection to a server, which limits the time of each request. */
export function connectServer(
  { observeRequest }: Pick<Deps, 'observeRequest'>,
  one: ServerSettings,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): DirectoryServer {
  return createDirectoryServer({ ...one, requestTimeoutMs, observe: observeRequest });
}

/** A FHIR directory's interactions; for the source of homeservers and for writing into one's own, too. */
export function connectFhirDirectory(
  deps: Pick<Deps, 'observeRequest' | 'clock'>,
  one: ServerSettings & { readonly bearerToken?: string | undefined },
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): FhirDirectory {
  refuseUnlessAllowed(one);
  const client = createFhirClient({
    ...one,
    ...{ requestTimeoutMs, observe: deps.observeRequest, label: one.name, codes: DIRECTORY_CODES },
    ...DIRECTORY_LIMITS,
    bearerToken: one.bearerToken,
    // Servers answer from earlier searches; what was written a moment ago counts.
    cacheControl: 'no-cache',
    // The chain of directories does.
    breaksCircuit: false,
  });
  return createFhirDirectory(one.name, createFhirSearches(client, deps.clock));
}

function mcsdDirectory(deps: Deps, one: McsdSettings): Directory {
  const { clock, homeserverOf } = deps;
  const fhir = connectFhirDirectory(deps, one);
  const people = createMcsdPeople({ fhir, clock, accepts: createTrust({ ...one.trust, homeserverOf }) });
  const feed = createMcsdFeed({
    fhir,
    people,
    clock,
    overlapMs: one.overlapMs,
    passEveryMs: one.passEveryMs,
  });
  return createMcsdDirectory({ fhir, people, feed });
}

function keycloakDirectory(deps: Deps, one: KeycloakSettings): Created {
  const { clock } = deps;
  const { realm, client, mapping, passwordClient } = one;
  const api = createKeycloakApi({ server: connectServer(deps, one), realm, client, clock });
  return {
    directory: {
      ...createKeycloakDirectory({ api, mapping, clock, pageSize: PAGE, passwordClient }),
      name: one.name,
    },
    check: {
      needed: neededAttributes(mapping, deps.settings.media),
      unreliable: (signal) => unreliableAttributes(api, mapping, signal),
    },
  };
}
