// The directories of people as the configuration wants them, with the sources of homeservers on which their trust rests.
import type { Pool } from 'pg';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../domain/clock.ts';
import { connectFhirDirectory, connectServer, createDirectories } from './directories.ts';
import type { AttributeCheck } from '../../jobs/attribute-checks.ts';
import type { SyncedDirectory } from '../../jobs/sync-directories.ts';
import { directoriesSettings, serverSettings } from './settings.ts';
import type { Directory } from '../../identity/directories/directory.ts';
import type { HomeserverOf, HomeserverSource } from '../../identity/directories/homeserver-discovery.ts';
import {
  createAddressingSource,
  createHomeserverDiscovery,
  createNutsSource,
} from '../../identity/directories/homeserver-discovery.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

interface Deps {
  readonly config: Config;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** All directories as one, and the work that goes with them. */
export interface ComposedDirectories {
  readonly directory: Directory;
  readonly synced: readonly SyncedDirectory[];
  readonly checks: readonly AttributeCheck[];
}

/** Composes the directories; opens no connection yet. */
export function composeDirectories(deps: Deps): ComposedDirectories {
  const { config, pool, clock, log, metrics } = deps;
  return createDirectories({
    ...{ settings: directoriesSettings(config), pool, clock, log },
    homeserverOf: createHomeserverOf(deps),
    observeRequest: metrics.observeDirectory,
    observeAsked: (directory, result) => {
      metrics.directoryQuestions.inc({ directory, result });
    },
  });
}

function createHomeserverOf(deps: Deps): HomeserverOf {
  const { config, clock, log } = deps;
  const { homeserversByUra, homeserverSources, homeserverMinutes } = config.identity;
  return createHomeserverDiscovery({
    ...{ known: homeserversByUra, clock, log, keepMs: homeserverMinutes * 60_000 },
    sources: homeserverSources.map((source) => createSource(deps, source)),
  });
}

function createSource(
  { clock, metrics }: Deps,
  source: Config['identity']['homeserverSources'][number],
): HomeserverSource {
  const server = serverSettings(source);
  const connection = { observeRequest: metrics.observeDirectory, clock };
  switch (source.kind) {
    case 'addressing': {
      const { bearerToken } = source;
      const fhir = connectFhirDirectory(connection, { ...server, bearerToken }, server.timeoutMs);
      return createAddressingSource(fhir, source, clock);
    }
    case 'nuts':
      return createNutsSource(connectServer(connection, server, server.timeoutMs), source);
  }
}
