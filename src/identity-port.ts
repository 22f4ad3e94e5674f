// The second port put together: who serves what directories know, and the work behind both. Only where it is enabled.
import type { Router } from 'express';
import type { Pool } from 'pg';
import type { ComposedDirectories } from './compose-directories.ts';
import type { Config } from './config/schema.ts';
import type { Clock, Sleep } from './domain/clock.ts';
import type { AttributeCheck, LeasedPass } from './identity-directories.ts';
import { createIdentityServer } from './identity-server.ts';
import { syncIntervals } from './identity-settings.ts';
import { createReader } from './inbox/reader.ts';
import type { Listen } from './ops/http-server.ts';
import type { LeasedReader } from './readers.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

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
/** How often directories are asked what may be relied upon; one that failed is asked again sooner. */
const CHECK_INTERVAL_MS = 10 * 60 * 1000;
const RECHECK_INTERVAL_MS = 60 * 1000;

/** Puts it together; opens no connection yet. */
export function createIdentityPort(deps: Deps): IdentityPort {
  const { config, directories, pool, clock, sleep, log, metrics } = deps;
  const { directory, passes, checks } = directories;
  const attributes = createAttributeChecks(deps, checks);
  const server = createIdentityServer({
    ...{ config, pool, directory, clock, sleep, log, metrics },
    warnings: attributes.warnings,
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

/** Attributes by which nobody is found, since anybody could have written them: told in the log once, and by `/health`. */
function createAttributeChecks({ sleep, log, metrics }: Deps, checks: readonly AttributeCheck[]) {
  const found = new Map<string, readonly string[]>();

  async function checkOnce({ directory, unreliable }: AttributeCheck, signal: AbortSignal): Promise<number> {
    try {
      const attributes = await unreliable(signal);
      metrics.directoryWarnings.set({ directory }, attributes.length);
      const isNews = attributes.join() !== (found.get(directory) ?? []).join();
      if (isNews && attributes.length > 0) {
        log.warn(
          { directory, attributes },
          'Nobody is found by attributes that users can write or that are not declared',
        );
      }
      found.set(directory, attributes);
      return CHECK_INTERVAL_MS;
    } catch (error) {
      if (!signal.aborted) log.warn({ directory, error }, 'Could not check the attributes of a directory');
      return RECHECK_INTERVAL_MS;
    }
  }

  async function repeat(check: AttributeCheck, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await sleep(await checkOnce(check, signal), signal);
  }

  return {
    warnings: (): readonly string[] =>
      [...found].flatMap(([directory, attributes]) =>
        attributes.map(
          (name) => `${directory}: the attribute ${name} can be written by users, or is not declared`,
        ),
      ),
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all(checks.map((check) => repeat(check, signal)));
    },
  };
}
