// The homeservers of organisations: what the operator wrote, and the other sources of the configuration.
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../domain/clock.ts';
import type { HomeserverOf, HomeserverSource } from '../../identity/directories/homeserver-discovery.ts';
import {
  createAddressingSource,
  createHomeserverDiscovery,
  createNutsSource,
} from '../../identity/directories/homeserver-discovery.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { connectFhirDirectory, connectServer } from './connections.ts';

interface Deps {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Composes the discovery; opens no connection yet. */
export function composeHomeservers(deps: Deps): HomeserverOf {
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
