// The second port put together: who serves what directories know, and the work behind both. Only where it is enabled.
import type { Router } from 'express';
import type { Pool } from 'pg';
import { createAttributeChecks } from '../../jobs/attribute-checks.ts';
import type { ComposedDirectories } from './compose-directories.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock, Sleep } from '../../domain/clock.ts';
import type { LeasedPass } from './directories.ts';
import { createIdentityServer } from './server.ts';
import { syncIntervals } from './settings.ts';
import { createReader } from '../../inbox/reader.ts';
import type { Listen } from '../../ops/http-server.ts';
import type { LeasedReader } from '../../jobs/readers.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

interface Deps {
  readonly config: Config;
  readonly directories: ComposedDirectories;
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
  /** Run on one replica at a time: they fill the local table and change its peppers. */
  readonly readers: readonly LeasedReader[];
  /** Runs on every replica until the signal is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

const CHANNEL = 'bridge_identity';
/** How often it is looked whether a pepper is old, or the one before it has had its grace. */
const PEPPERS_INTERVAL_MS = 60_000;
const PRUNE_INTERVAL_MS = 60 * 60 * 1000;

/** Puts it together; opens no connection yet. */
export function createIdentityPort(deps: Deps): IdentityPort {
  const { config, directories, pool, clock, sleep, log, metrics } = deps;
  const { directory, passes, checks } = directories;
  const attributes = createAttributeChecks(deps, checks);
  const server = createIdentityServer({
    ...{ config, pool, directory, clock, sleep, log, metrics },
    warnings: attributes.warnings,
    isReliable: () => !config.identity.requireReliableAttributes || attributes.areReliable(),
  });
  const intervals = syncIntervals(config);
  return {
    listen: listenOf(config.identity),
    routers: server.routers,
    readers: passes.map((pass) =>
      leasedReader(deps, pass, intervals.get(pass.name.replace('identity:', ''))),
    ),
    async run(signal) {
      await Promise.all([
        server.deliverInvites(signal),
        pruneForever(deps, server.prune, signal),
        attributes.run(signal),
      ]);
    },
  };
}

function listenOf({ host, port, tlsCertFile, tlsKeyFile, tlsClientCaFile }: Config['identity']): Listen {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return { host, port };
  return { host, port, tls: { certFile: tlsCertFile, keyFile: tlsKeyFile, clientCaFile: tlsClientCaFile } };
}

function leasedReader(
  { sleep, log, metrics }: Deps,
  { name, pass }: LeasedPass,
  intervalMs = PEPPERS_INTERVAL_MS,
): LeasedReader {
  const reader = createReader({
    ...{ name, pass, intervalMs, gapMs: 0, sleep, log },
    onPass: (result) => {
      metrics.readerPasses.inc({ reader: name, result: 'failed' in result ? 'failed' : 'ok' });
      if ('found' in result) metrics.readerItems.inc({ reader: name }, result.found);
    },
  });
  return { ...reader, name, channel: CHANNEL, hears: () => false, withoutBot: true };
}

async function pruneForever(
  { sleep, log }: Deps,
  prune: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await prune().catch((error: unknown) => {
      log.warn({ error }, 'Could not prune what the identity port keeps');
    });
    await sleep(PRUNE_INTERVAL_MS, signal);
  }
}
