// The second port put together: who serves what directories know, and the work behind both. Only where it is enabled.
import type { Router } from 'express';
import type { Pool } from 'pg';
import { createAttributeChecks } from '../../jobs/attribute-checks.ts';
import type { ComposedDirectories } from './directories.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock, Sleep } from '../../domain/clock.ts';
import { createIdentityServer } from './server.ts';
import type { Listen } from '../../ops/http-server.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

interface Deps {
  readonly config: Config;
  readonly directories: Pick<ComposedDirectories, 'directory' | 'checks'>;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What the daemon runs for the second port. */
export interface IdentityPort {
  readonly listen: Listen;
  readonly routers: readonly Router[];
  /** Runs on every replica until the signal is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Puts it together; opens no connection yet. */
export function createIdentityPort(deps: Deps): IdentityPort {
  const { config, directories, pool, clock, sleep, log, metrics } = deps;
  const { directory, checks } = directories;
  const attributes = createAttributeChecks(deps, checks);
  const server = createIdentityServer({
    ...{ config, pool, directory, clock, sleep, log, metrics },
    warnings: attributes.warnings,
    isReliable: () => !config.identity.requireReliableAttributes || attributes.areReliable(),
  });
  return {
    listen: listenOf(config.identity),
    routers: server.routers,
    async run(signal) {
      await Promise.all([server.deliverInvites(signal), attributes.run(signal)]);
    },
  };
}

function listenOf({ host, port, tlsCertFile, tlsKeyFile, tlsClientCaFile }: Config['identity']): Listen {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return { host, port };
  return { host, port, tls: { certFile: tlsCertFile, keyFile: tlsKeyFile, clientCaFile: tlsClientCaFile } };
}
