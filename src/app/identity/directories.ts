// The directories of the configuration put together: one directory for questions, and those that are kept in the local table.
import type { Config } from '../../config/schema.ts';
import { createDirectoryChain } from '../../identity/directories/chain.ts';
import type { Directory } from '../../identity/directories/directory.ts';
import type { HomeserverOf, HomeserverSource } from '../../identity/directories/homeserver-discovery.ts';
import {
  createAddressingSource,
  createHomeserverDiscovery,
  createNutsSource,
} from '../../identity/directories/homeserver-discovery.ts';
import { createKeycloakApi } from '../../identity/directories/keycloak/api.ts';
import { neededAttributes, unreliableAttributes } from '../../identity/directories/keycloak/attributes.ts';
import { createKeycloakDirectory } from '../../identity/directories/keycloak/directory.ts';
import { createLocalDirectory } from '../../identity/directories/local.ts';
import { createMcsdDirectory } from '../../identity/directories/mcsd/directory.ts';
import { createMcsdFeed } from '../../identity/directories/mcsd/feed.ts';
import { createMcsdPeople } from '../../identity/directories/mcsd/people.ts';
import { createTrust } from '../../identity/directories/trust.ts';
import type { AttributeCheck } from '../../jobs/attribute-checks.ts';
import * as identities from '../../store/identities.ts';
import type { Parts } from '../parts.ts';
import { connectFhirDirectory, connectServer } from './connections.ts';
import type { DirectoryOf } from './connections.ts';

type Deps = Omit<Parts, 'sleep'>;

/** All directories as one, and the work that goes with them. */
export type ComposedDirectories = ReturnType<typeof composeDirectories>;

interface Link {
  readonly directory: Directory;
  readonly timeoutMs: number;
  /** How often it is read into the local table; undefined where it is not. */
  readonly syncMs?: number | undefined;
  readonly check?: AttributeCheck;
}

/** For the pages of a sync; questions have the shorter time of their directory. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Users of Keycloak per page. */
const PAGE = 100;
/** The local table answers in milliseconds, or not at all. */
const LOCAL_TIMEOUT_MS = 1_000;

/** Composes the directories; opens no connection yet. */
export function composeDirectories(deps: Deps) {
  const { identity } = deps.config;
  const homeserverOf = composeHomeservers(deps);
  const links = identity.directories.map((one) => createLink(deps, homeserverOf, one));
  return {
    directory: createDirectoryChain({
      ...{ links, log: deps.log, media: identity.media },
      ...{ budgetMs: identity.directoriesBudgetMs, agreement: identity.directoriesAgreement },
      observe: (directory, result) => {
        deps.metrics.directoryQuestions.inc({ directory, result });
      },
    }),
    /** Those that are kept in the local table. */
    synced: links.flatMap(({ directory, syncMs: intervalMs }) =>
      intervalMs === undefined ? [] : [{ directory, intervalMs }],
    ),
    checks: links.flatMap(({ check }) => check ?? []),
  };
}

/** The homeservers of organisations: what the operator wrote, and the other sources of the configuration. */
function composeHomeservers(deps: Deps): HomeserverOf {
  const { config, clock, log } = deps;
  const { homeserversByUra, homeserverSources, homeserverMs } = config.identity;
  return createHomeserverDiscovery({
    ...{ known: homeserversByUra, keepMs: homeserverMs, clock, log },
    sources: homeserverSources.map((source) => createSource(deps, source)),
  });
}

function createSource(deps: Deps, source: Config['identity']['homeserverSources'][number]): HomeserverSource {
  switch (source.kind) {
    case 'addressing':
      return createAddressingSource(connectFhirDirectory(deps, source, source.timeoutMs), source, deps.clock);
    case 'nuts':
      return createNutsSource(connectServer(deps, source, source.timeoutMs), source);
  }
}

function createLink(
  deps: Deps,
  homeserverOf: HomeserverOf,
  one: Config['identity']['directories'][number],
): Link {
  switch (one.kind) {
    case 'local':
      return {
        directory: createLocalDirectory({ db: deps.pool, store: identities }),
        timeoutMs: LOCAL_TIMEOUT_MS,
      };
    case 'mcsd':
      return { ...times(one), directory: mcsdDirectory(deps, homeserverOf, one) };
    case 'keycloak':
      return { ...times(one), ...keycloakDirectory(deps, one) };
  }
}

const times = ({ timeoutMs, sync, syncMs }: DirectoryOf<'mcsd' | 'keycloak'>) => ({
  timeoutMs,
  syncMs: sync ? syncMs : undefined,
});

function mcsdDirectory(deps: Deps, homeserverOf: HomeserverOf, one: DirectoryOf<'mcsd'>): Directory {
  const { clock, config } = deps;
  const fhir = connectFhirDirectory(deps, one, REQUEST_TIMEOUT_MS);
  const accepts = createTrust({ ...one, homeserverOf });
  const people = createMcsdPeople({ fhir, clock, accepts, isLenient: config.people.lenientTelecom });
  const { overlapMs, passMs } = one;
  const feed = createMcsdFeed({ fhir, people, clock, overlapMs, passEveryMs: passMs });
  return createMcsdDirectory({ fhir, people, feed });
}

function keycloakDirectory(deps: Deps, one: DirectoryOf<'keycloak'>): Pick<Link, 'directory' | 'check'> {
  const { config, clock } = deps;
  // The check of the configuration has seen to it that the secrets are there.
  const { name, realm, clientId, clientSecret = '', passwordClientId, passwordClientSecret = '' } = one;
  const server = connectServer(deps, one, REQUEST_TIMEOUT_MS);
  const api = createKeycloakApi({ server, realm, client: { clientId, clientSecret }, clock });
  return {
    directory: createKeycloakDirectory({
      ...{ name, api, clock, pageSize: PAGE },
      mapping: { ...one, serverName: config.matrix.serverName },
      passwordClient:
        passwordClientId === undefined
          ? undefined
          : { clientId: passwordClientId, clientSecret: passwordClientSecret },
    }),
    check: {
      directory: name,
      needed: neededAttributes(one, config.identity.media),
      unreliable: (signal) => unreliableAttributes(api, one.attributes, signal),
    },
  };
}
