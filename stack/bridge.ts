// The bridge itself as a service of the stack: a process of its own, which demo and tests start, kill and start again.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { watchedTypes } from '../src/domain/fhir.ts';
import { cacheFolder } from './cache.ts';
import type { Guard } from './guard.ts';
import { reservePort } from './ports.ts';
import { startService, type Service } from './service.ts';

/** How to start the bridge. */
export interface BridgeOptions {
  readonly guard: Guard;
  readonly logFolder: string;
  readonly databaseUrl: string;
  readonly synapse: { readonly url: string; readonly serverName: string };
  readonly hapi: { readonly url: string };
  readonly appservice: {
    readonly port: number;
    readonly url: string;
    readonly asToken: string;
    readonly hsToken: string;
  };
  /** Further settings, by the names of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of another checkout, with its dependencies, whose bridge to run; this one unless told. */
  readonly checkout?: string;
}

/** Of all bridges on the stack: with another key, the same people would have other ghosts. */
export const PSEUDONYMIZATION_KEY = 'the stack has one pseudonymization key';

/** A running bridge. */
export interface RunningBridge {
  readonly url: string;
  /** The listener for operators. */
  readonly opsUrl: string;
  /** Its settings, by which commands work on the same bridge. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly service: Service;
}

const statsSchema = z.looseObject({ readers: z.record(z.string(), z.string()) });

const THIS_CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

/** As in the image (Dockerfile). */
const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=2'];
const MEMORY = { MALLOC_ARENA_MAX: '2' } as const;

/** Starts the bridge and waits until it is ready and its readers have begun: what happens from now on is carried. */
export async function startBridge(options: BridgeOptions): Promise<RunningBridge> {
  const { guard, logFolder, appservice } = options;
  const opsPort = await reservePort();
  const environment = { BRIDGE_OPS_PORT: String(opsPort), ...environmentOf(options) };
  const opsUrl = `http://127.0.0.1:${environment.BRIDGE_OPS_PORT}`;
  const logFile = join(logFolder, 'bridge.log');
  const service = await startService({
    guard,
    name: 'The bridge',
    command: {
      command: process.execPath,
      args: [...NODE_FLAGS, join(options.checkout ?? THIS_CHECKOUT, 'src/cli/index.ts'), 'run'],
      env: environment,
      log: logFile,
      graceMs: 20_000,
    },
    ready: () => isReady(appservice.url, opsUrl, readersOf(environment)),
    timeoutMs: 60_000,
  });
  return { url: appservice.url, opsUrl, environment, logFile, service };
}

function environmentOf({
  databaseUrl,
  synapse,
  hapi,
  appservice,
  env,
}: BridgeOptions): Record<string, string> {
  return {
    ...MEMORY,
    BRIDGE_LISTEN_HOST: '127.0.0.1',
    BRIDGE_LISTEN_PORT: String(appservice.port),
    BRIDGE_DATABASE_URL: databaseUrl,
    BRIDGE_MATRIX_HOMESERVER_URL: synapse.url,
    BRIDGE_MATRIX_SERVER_NAME: synapse.serverName,
    BRIDGE_MATRIX_APPSERVICE_URL: appservice.url,
    BRIDGE_MATRIX_AS_TOKEN: appservice.asToken,
    BRIDGE_MATRIX_HS_TOKEN: appservice.hsToken,
    BRIDGE_FHIR_BASE_URL: hapi.url,
    BRIDGE_FHIR_HOOK_URL: appservice.url,
    BRIDGE_FHIR_HOOK_SECRET: randomBytes(24).toString('hex'),
    BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: PSEUDONYMIZATION_KEY,
    BRIDGE_MESSAGES_LANGUAGE: 'en',
    BRIDGE_SHUTDOWN_DRAIN_SECONDS: '0',
    // Tests wait for the moment at which nothing is left to do.
    BRIDGE_OPS_FIGURES_SECONDS: '0',
    // A process begins in half the time, and tests start a hundred.
    NODE_COMPILE_CACHE: join(cacheFolder(), 'compiled'),
    ...env,
  };
}

function readersOf(environment: Readonly<Record<string, string>>): readonly string[] {
  const types = watchedTypes(true, environment['BRIDGE_FHIR_THREADS'] !== 'medplum');
  return ['matrix', ...types.map((resourceType) => `fhir:${resourceType}`)];
}

async function isReady(url: string, opsUrl: string, readers: readonly string[]): Promise<boolean> {
  try {
    const ready = await fetch(`${url}/health/ready`);
    if (!ready.ok) return false;
    const stats = statsSchema.parse(await (await fetch(`${opsUrl}/api/v1/queue/stats`)).json());
    return readers.every((reader) => reader in stats.readers);
  } catch {
    return false;
  }
}
