// The daemon as it runs, on a real PostgreSQL, between a homeserver and a FHIR server in memory; with every line that it logs.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';
import { createScratchDatabase } from '../../../stack/databases.ts';
import { reservePort } from '../../../stack/ports.ts';
import { startStubFhir, type StubFhir } from '../../../stack/stub-fhir/stub-fhir.ts';
import { startStubHomeserver, type StubHomeserver } from '../../../stack/stub-homeserver/stub-homeserver.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { composeDaemon } from '../../../src/main.ts';
import { createPool } from '../../../src/store/connections.ts';
import { createPrintedLog } from '../../../src/telemetry/logger.ts';
import { SECRETS } from './canaries.ts';
import { textOf } from './hostile-json.ts';
import { watchServedRoutes } from './served-routes.ts';

/** The homeserver's name. */
export const SERVER = 'mutants.example';

/** A running world. */
export interface World {
  readonly ports: Readonly<Record<'main' | 'ops' | 'identity', number>>;
  readonly homeserver: StubHomeserver;
  readonly fhir: StubFhir;
  readonly pool: pg.Pool;
  /** All routes that the daemon serves. */
  readonly routes: () => readonly string[];
  /** The lines that were logged since the last call. */
  readonly takeLog: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Starts it. @param adminUrl of a PostgreSQL server on which databases can be made */
export async function startWorld(adminUrl: string): Promise<World> {
  const database = await createScratchDatabase(adminUrl);
  const port = await reservePort();
  const url = `http://127.0.0.1:${port}`;
  const { asToken, hsToken } = SECRETS;
  const homeserver = await startStubHomeserver({
    ...{ serverName: SERVER, asToken, hsToken, appserviceUrl: url, serialize: textOf },
  });
  const fhir = await startStubFhir({ serialize: textOf });
  const openId = await startOpenId();
  const lines: string[] = [];
  const log = createPrintedLog('debug', {
    write: (line) => {
      lines.push(line);
    },
  });
  const routes = watchServedRoutes();
  const config = await configOf({ databaseUrl: database.url, port, homeserver, fhir, openIdUrl: openId.url });
  const daemon = composeDaemon(config, log);
  const listening = await daemon.start();
  const pool = createPool(database.url, 4);
  pool.on('error', () => undefined);
  return {
    ports: { main: listening.port, ops: listening.opsPort, identity: listening.identityPort ?? 0 },
    ...{ homeserver, fhir, pool, routes },
    takeLog: () => lines.splice(0, lines.length),
    async stop() {
      await daemon.stop();
      await Promise.all([pool.end(), homeserver.stop(), fhir.stop(), openId.stop()]);
      await database.drop();
    },
  };
}

async function configOf(of: {
  readonly databaseUrl: string;
  readonly port: number;
  readonly homeserver: StubHomeserver;
  readonly fhir: StubFhir;
  readonly openIdUrl: string;
}): Promise<Config> {
  const config = await loadConfig(undefined, {
    BRIDGE_LISTEN_HOST: '127.0.0.1',
    BRIDGE_LISTEN_PORT: String(of.port),
    BRIDGE_OPS_PORT: '0',
    BRIDGE_DATABASE_URL: of.databaseUrl,
    BRIDGE_MATRIX_HOMESERVER_URL: of.homeserver.url,
    BRIDGE_MATRIX_SERVER_NAME: SERVER,
    BRIDGE_MATRIX_AS_TOKEN: SECRETS.asToken,
    BRIDGE_MATRIX_HS_TOKEN: SECRETS.hsToken,
    BRIDGE_FHIR_BASE_URL: of.fhir.url,
    BRIDGE_FHIR_HOOK_SECRET: SECRETS.hookSecret,
    BRIDGE_FHIR_READ_FROM: 'beginning',
    BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: 'a key for the ghosts of mutants',
    BRIDGE_AUDIT_ENABLED: 'true',
    BRIDGE_MESSAGES_REACTIONS: 'note',
    BRIDGE_MESSAGES_THREADS: 'on',
    BRIDGE_MESSAGES_FORMATTED_TEXT: 'html-attachment',
    BRIDGE_MESSAGES_RETRACTION_REASON: 'provenance',
    BRIDGE_SHUTDOWN_DRAIN_SECONDS: '0',
    BRIDGE_OPS_FIGURES_SECONDS: '0',
    ...identityEnvironment(of.openIdUrl),
  });
  return withShortWaits(config);
}

function identityEnvironment(openIdUrl: string): Readonly<Record<string, string>> {
  return {
    BRIDGE_IDENTITY_ENABLED: 'true',
    BRIDGE_IDENTITY_PORT: '0',
    BRIDGE_IDENTITY_BACKEND_AUTH: 'bearer',
    BRIDGE_IDENTITY_BACKEND_SECRET: SECRETS.backendSecret,
    BRIDGE_IDENTITY_PASSWORD_LOGIN: 'true',
    BRIDGE_IDENTITY_PROFILES: 'true',
    BRIDGE_IDENTITY_PLAIN_LOOKUPS: 'true',
    BRIDGE_IDENTITY_PUBLIC_URL: 'https://id.mutants.example',
    BRIDGE_IDENTITY_TRUSTED_PROXIES: '192.0.2.80',
    BRIDGE_IDENTITY_SIGNING_KEY: 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1',
    BRIDGE_IDENTITY_HOMESERVERS: JSON.stringify([{ serverName: 'users.example', baseUrl: openIdUrl }]),
    BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([{ kind: 'local' }]),
    BRIDGE_IDENTITY_LOOKUPS_PER_MINUTE: '1000000',
    BRIDGE_IDENTITY_LOOKUPS_PER_DAY: '100000000',
    BRIDGE_IDENTITY_BACKEND_LOOKUPS_PER_MINUTE: '1000000',
    BRIDGE_IDENTITY_REGISTRATIONS_PER_MINUTE: '1000000',
    BRIDGE_IDENTITY_INVITES_PER_MINUTE: '1000000',
  };
}

/** What would be waited for in hours is over in seconds: what still waits then is stuck. */
function withShortWaits(config: Config): Config {
  return {
    ...config,
    inbox: { ...config.inbox, retryMs: 1_500 },
    messages: { ...config.messages, waitForTargetMs: 100 },
    readState: { ...config.readState, quietMs: 0 },
    attachments: { ...config.attachments, retryMs: 500 },
    matrix: { ...config.matrix, syncIntervalMs: 500 },
    fhir: {
      ...config.fhir,
      ...{
        overlapMs: 1_000,
        pollIntervalMs: 3_000,
        peoplePollIntervalMs: 3_000,
        deletesPollIntervalMs: 10_000,
        writeBackDelayMs: 0,
      },
    },
  };
}

/** A homeserver that knows one OpenID token. */
async function startOpenId(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const isKnown = request.url?.includes(encodeURIComponent(SECRETS.openId)) === true;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? { sub: '@an:users.example' } : { errcode: 'M_UNKNOWN_TOKEN' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
