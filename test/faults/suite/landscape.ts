// Replicas of the bridge between Synapse and HAPI, with a way between any two of them on which things can go wrong.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startBridge, type BridgeOptions, type RunningBridge } from '../../../stack/bridge.ts';
import { createScratchDatabase, type Database } from '../../../stack/databases.ts';
import { startGuard } from '../../../stack/guard.ts';
import { reservePort } from '../../../stack/ports.ts';
import type { Service } from '../../../stack/service.ts';
import { openLink, type FlakyLink } from '../flaky-link.ts';
import { openBalancer, type Balancer } from '../../../stack/balancer.ts';
import { forward, openHttpLink, type HttpLink, type WholeRequest } from '../../../stack/http-link.ts';

/** What the landscape is built between. */
export interface Ground extends Pick<BridgeOptions, 'appservice' | 'hapi' | 'logFolder' | 'synapse'> {
  readonly adminUrl: string;
  /** Those that a run may kill. */
  readonly services: Readonly<Record<ServerName, Service | undefined>>;
}

/** The servers beside the bridge. */
export type ServerName = 'synapse' | 'hapi' | 'postgres';

/** One replica, and its own way to the database. */
export interface Replica {
  /** As the database knows its connections. */
  readonly name: string;
  /** Of the process that runs now. */
  readonly service: Service;
  readonly databaseLink: FlakyLink;
  /** Its listener for operators. */
  readonly opsUrl: string;
  /** Stops it, and starts the version of another checkout in its place; of this one where it is undefined. */
  restartAs(checkout: string | undefined): Promise<void>;
}

/** All that runs. */
export interface Landscape {
  readonly ground: Ground;
  readonly replicas: readonly Replica[];
  readonly database: Database;
  readonly balancer: Balancer;
  readonly matrixLink: HttpLink;
  readonly fhirLink: HttpLink;
  /** How long the servers took to answer each request of the bridge. */
  readonly answerTimesMs: Readonly<Record<'synapse' | 'hapi', readonly number[]>>;
  /** Stops all, and drops the database unless it is to be looked at. */
  end(options?: { readonly keepsDatabase?: boolean }): Promise<void>;
}

/** A server that never answers is given up soon, and what is missed is looked for soon. */
const SETTINGS: Readonly<Record<string, string>> = {
  BRIDGE_MATRIX_REQUEST_TIMEOUT_SECONDS: '4',
  BRIDGE_MATRIX_SYNC_INTERVAL_SECONDS: '2',
  BRIDGE_FHIR_REQUEST_TIMEOUT_SECONDS: '4',
  BRIDGE_FHIR_POLL_INTERVAL_SECONDS: '2',
  BRIDGE_FHIR_OVERLAP_SECONDS: '15',
  BRIDGE_FHIR_DELETES_POLL_INTERVAL_SECONDS: '2',
  BRIDGE_FHIR_WRITE_BACK_DELAY_SECONDS: '0.5',
  BRIDGE_MESSAGES_REACTIONS: 'note',
  BRIDGE_READ_STATE_ENGINE: 'bridge',
  BRIDGE_READ_STATE_QUIET_SECONDS: '0',
  BRIDGE_MESSAGES_WAIT_FOR_TARGET_SECONDS: '120',
  BRIDGE_DATABASE_POOL_SIZE: '8',
};
/** By how much the clock of a replica steps: odd ones forward, even ones back. */
const CLOCK_STEP_MS = 10 * 60_000;
const CLOCK_STEP = fileURLToPath(new URL('./clock-step.ts', import.meta.url));

/**
 * Builds it.
 * @param replicaCount how many replicas
 * @param settings more of them, by the names of the environment
 */
export async function buildLandscape(
  ground: Ground,
  replicaCount: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Landscape> {
  const { adminUrl, synapse, hapi, appservice, logFolder } = ground;
  const guard = await startGuard();
  const database = await createScratchDatabase(adminUrl);
  const answerTimesMs = { synapse: new Array<number>(), hapi: new Array<number>() };
  const timed = (url: string, timesMs: number[]) => async (request: WholeRequest) => {
    const began = performance.now();
    const answer = await forward(url, request);
    timesMs.push(Math.round(performance.now() - began));
    return answer;
  };
  const matrixLink = await openHttpLink(timed(synapse.url, answerTimesMs.synapse));
  const fhirLink = await openHttpLink(timed(hapi.url, answerTimesMs.hapi));
  const origins: string[] = [];
  const balancer = await openBalancer(() => origins, appservice.port);
  const hookSecret = randomBytes(24).toString('hex');

  async function startReplica(_: unknown, index: number): Promise<Replica> {
    const databaseLink = await openLink(database.url, 0);
    const port = await reservePort();
    const origin = `http://127.0.0.1:${port}`;
    origins.push(origin);
    const name = `replica-${index + 1}`;
    const folder = `${logFolder}/${name}`;
    await mkdir(folder, { recursive: true });
    const start = (checkout?: string): Promise<RunningBridge> =>
      startBridge({
        guard,
        ...(checkout !== undefined && { checkout }),
        logFolder: folder,
        databaseUrl: `${databaseLink.url}?application_name=${name}`,
        synapse: { url: matrixLink.origin, serverName: synapse.serverName },
        hapi: { url: `${fhirLink.origin}${new URL(hapi.url).pathname}` },
        appservice: { ...appservice, port, url: origin },
        env: {
          ...SETTINGS,
          ...settings,
          BRIDGE_MATRIX_APPSERVICE_URL: appservice.url,
          BRIDGE_FHIR_HOOK_URL: appservice.url,
          BRIDGE_FHIR_HOOK_SECRET: hookSecret,
          NODE_OPTIONS: `--import ${CLOCK_STEP}`,
          CLOCK_STEP_MS: String(index % 2 === 0 ? CLOCK_STEP_MS : -CLOCK_STEP_MS),
        },
      });
    let bridge = await start();
    return {
      name,
      databaseLink,
      get service() {
        return bridge.service;
      },
      get opsUrl() {
        return bridge.opsUrl;
      },
      async restartAs(checkout) {
        await bridge.service.stop();
        bridge = await start(checkout);
      },
    };
  }

  const replicas = await Promise.all(Array.from({ length: replicaCount }, startReplica));
  return {
    ...{ ground, replicas, database, balancer, matrixLink, fhirLink, answerTimesMs },
    async end({ keepsDatabase = false } = {}) {
      await guard.end();
      await Promise.all([balancer, matrixLink, fhirLink].map((link) => link.close()));
      await Promise.all(replicas.map(({ databaseLink }) => databaseLink.close()));
      if (!keepsDatabase) await database.drop();
    },
  };
}
