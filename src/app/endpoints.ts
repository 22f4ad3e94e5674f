// The endpoints that the two servers call: each stores, notifies and answers.
import type { Router } from 'express';
import { isMatrixUserId } from '../domain/ids.ts';
import { createHooksRouter } from '../fhir/hooks.ts';
import type { OwnWrites } from '../fhir/own-writes.ts';
import type { Bridge, BridgeSettings } from '../flows/bridge.ts';
import type { Intake } from '../flows/intake.ts';
import { provideAlias } from '../flows/structure/provide-alias.ts';
import { notify } from '../inbox/notify.ts';
import { createAppserviceRouter } from '../matrix/appservice.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import { createReadPushOrder, NO_ORDER } from '../matrix/push-order.ts';
import { createBearerCheck } from '../ops/bearer.ts';
import { FHIR_CHANNEL } from '../jobs/follow-fhir.ts';
import { findGhosts } from '../store/ghosts.ts';
import type { Parts } from './parts.ts';

interface Deps extends Omit<Parts, 'sleep'> {
  readonly settings: BridgeSettings;
  readonly homeserver: Homeserver;
  readonly intake: Intake;
  readonly store: Bridge['store'];
  readonly ownWrites: OwnWrites;
}

/** Creates the routers of the appservice API and of the hooks. */
export function createEndpoints(deps: Deps): readonly Router[] {
  const { clock, config, settings, pool, homeserver, intake, store, ownWrites, log, metrics } = deps;
  const counter = (source: 'matrix' | 'fhir') => (result: string) => {
    metrics.wakeUps.inc({ source, result });
  };
  return [
    createAppserviceRouter({
      checkBearer: createBearerCheck([config.matrix.hsToken, config.matrix.previousHsToken]),
      store: intake.pushed,
      readOrder: config.matrix.trustPush === 'off' ? () => NO_ORDER : createReadPushOrder(clock),
      isRegistered: async (userId) =>
        userId === settings.bot || (isMatrixUserId(userId) && (await findGhosts(pool, [userId])).has(userId)),
      provideAlias: (alias, signal) => provideAlias({ db: pool, store, homeserver, settings }, alias, signal),
      log,
      count: counter('matrix'),
    }),
    createHooksRouter({
      checkBearer: createBearerCheck([config.fhir.hookSecret, config.fhir.previousHookSecret]),
      notify: (resourceType) => notify(pool, FHIR_CHANNEL, resourceType),
      // What another replica wrote is in the ledger.
      isOwn: async (version) => ownWrites.has(version) || store.resourceVersions.isWritten(pool, version),
      log,
      count: counter('fhir'),
    }),
  ];
}
