// The endpoints that the two servers call: each stores, rings and answers.
import type { Router } from 'express';
import type { Pool } from 'pg';
import type { Config } from './config/schema.ts';
import { isMatrixUserId } from './domain/ids.ts';
import { createHooksRouter } from './fhir/hooks.ts';
import type { BridgeSettings } from './flows/bridge.ts';
import type { Intake } from './flows/intake.ts';
import { notify } from './inbox/notify.ts';
import { createAppserviceRouter } from './matrix/appservice.ts';
import { createBearerCheck } from './ops/bearer.ts';
import { FHIR_CHANNEL } from './readers.ts';
import { findGhost } from './store/people.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

interface EndpointDeps {
  readonly config: Config;
  readonly settings: BridgeSettings;
  readonly pool: Pool;
  readonly intake: Intake;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Creates the routers of the appservice API and of the hooks. */
export function createEndpoints({
  config,
  settings,
  pool,
  intake,
  log,
  metrics,
}: EndpointDeps): readonly Router[] {
  const counter = (source: 'matrix' | 'fhir') => (result: string) => {
    metrics.doorbells.inc({ source, result });
  };
  return [
    createAppserviceRouter({
      checkBearer: createBearerCheck([config.matrix.hsToken, config.matrix.previousHsToken]),
      store: intake.pushed,
      isRegistered: async (userId) =>
        userId === settings.bot || (isMatrixUserId(userId) && (await findGhost(pool, userId)) !== undefined),
      log,
      count: counter('matrix'),
    }),
    createHooksRouter({
      checkBearer: createBearerCheck([config.fhir.hookSecret, config.fhir.previousHookSecret]),
      ring: (resourceType) => notify(pool, FHIR_CHANNEL, resourceType),
      log,
      count: counter('fhir'),
    }),
  ];
}
