// The FHIR server (HAPI) for the demo and the tests.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './databases.ts';
import type { Guard } from './guard.ts';
import { JVM_FLAGS, type HapiServer } from './hapi-build.ts';
import { reservePort } from './ports.ts';
import type { Java } from './requirements.ts';
import { startService, type Service } from './service.ts';
import { answersOk } from './wait.ts';

/** How to start the FHIR server. */
export interface HapiOptions {
  readonly guard: Guard;
  /** A folder of its own, made if it is not there. */
  readonly folder: string;
  readonly logFolder: string;
  /** True: `hapi-access.log` gets a line for each request. */
  readonly accessLog?: boolean;
  readonly java: Java;
  /** From `findHapiBuild`. */
  readonly server: HapiServer;
  readonly database: Database;
  /** A free one unless told. */
  readonly port?: number;
  /** The most memory for its objects, as the JVM takes it; `1g` unless told. */
  readonly heap?: string;
  /** Milliseconds between two rounds of sending subscription notices; 100 unless told, the least that HAPI takes. */
  readonly subscriptionIntervalMs?: number;
}

/** A running FHIR server. */
export interface Hapi {
  /** Base URL of the FHIR API. */
  readonly url: string;
  readonly service: Service;
}

/** Starts the FHIR server and waits until it answers. */
export async function startHapi(options: HapiOptions): Promise<Hapi> {
  const { guard, folder, logFolder, java, server, database, subscriptionIntervalMs = 100 } = options;
  const port = options.port ?? (await reservePort());
  const url = `http://127.0.0.1:${port}/fhir`;
  await mkdir(folder, { recursive: true });
  const service = await startService({
    guard,
    name: 'The FHIR server',
    command: {
      command: java.program,
      // Of the same flag the last counts.
      args: [
        ...JVM_FLAGS,
        ...(options.heap === undefined ? [] : [`-Xmx${options.heap}`]),
        `-XX:SharedArchiveFile=${server.archive}`,
        '-jar',
        server.jar,
      ],
      cwd: folder,
      env: {
        FHIR_HOST: '127.0.0.1',
        FHIR_PORT: String(port),
        FHIR_JDBC_URL: `jdbc:postgresql://${database.host}:${database.port}/${database.name}`,
        FHIR_DB_USER: database.user,
        FHIR_DB_PASSWORD: database.password,
        FHIR_SUBSCRIPTION_INTERVAL_MS: String(subscriptionIntervalMs),
        ...(options.accessLog === true && { FHIR_ACCESS_LOG: join(logFolder, 'hapi-access.log') }),
      },
      log: join(logFolder, 'hapi.log'),
      graceMs: 10_000,
    },
    ready: () => answersOk(`${url}/metadata`),
    timeoutMs: 180_000,
  });
  return { url, service };
}
