// The process under measurement: the identity port as the daemon serves it, and on the same listener a bare route.
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { loadConfig } from '../../src/config/load.ts';
import { createIdentityPort } from '../../src/app/identity/port.ts';
import type { Directory } from '../../src/identity/directories/directory.ts';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { createPool } from '../../src/store/connections.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

/** Takes the same request as a look-up, reads it, and answers with the same kind of body: all but the look-up. */
export const BARE_PATH = '/bare';

/** Hashed look-ups ask no directory. */
const nobody: Directory = {
  name: 'nobody',
  resolve: () => Promise.resolve({ kind: 'unknown' }),
  search: () => Promise.resolve([]),
};

if (process.send) process.send({ port: await serve(process.argv[2] ?? '') });

async function serve(databaseUrl: string): Promise<number> {
  const config = await loadConfig(undefined, {
    BRIDGE_DATABASE_URL: databaseUrl,
    BRIDGE_MATRIX_HOMESERVER_URL: 'http://127.0.0.1:1',
    BRIDGE_MATRIX_SERVER_NAME: 'bench.example',
    BRIDGE_MATRIX_AS_TOKEN: 'as-token-of-the-benchmark',
    BRIDGE_MATRIX_HS_TOKEN: 'hs-token-of-the-benchmark',
    BRIDGE_FHIR_BASE_URL: 'http://127.0.0.1:1',
    BRIDGE_FHIR_HOOK_SECRET: 'hook-secret-of-the-benchmark',
    BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: 'key-of-the-benchmark',
    BRIDGE_IDENTITY_ENABLED: 'true',
    BRIDGE_IDENTITY_LOOKUPS_PER_MINUTE: '1000000',
    BRIDGE_IDENTITY_LOOKUPS_PER_DAY: '100000000',
  });
  const log = createLogger('error');
  const { routers } = createIdentityPort({
    ...{ config, log, metrics: createMetrics(), pool: createPool(databaseUrl, config.database.poolSize) },
    directories: { directory: nobody, checks: [] },
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    sleep: (ms) => delay(ms),
  });
  const bare = express.Router();
  bare.post(BARE_PATH, express.json(), (_request, response) => {
    response.json({ mappings: {} });
  });
  const { port } = await startHttpServer({ host: '127.0.0.1', port: 0 }, [bare, ...routers], log);
  return port;
}
