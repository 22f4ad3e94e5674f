// The API that the homeserver calls: persist, then answer. https://spec.matrix.org/v1.19/application-service-api/
import express, { type RequestHandler, type Response, type Router } from 'express';
import type { PushOrder } from '../domain/matrix.ts';
import type { Log } from '../telemetry/log.ts';
import type { createReadPushOrder } from './push-order.ts';
import { readTransaction, type TransactionParts } from './transactions.ts';

interface Deps {
  readonly checkBearer: (authorization: string | undefined) => 'missing' | 'wrong' | 'right';
  /** Stores all parts in one commit, or has the reader find them. Runs no business logic. */
  readonly store: (parts: TransactionParts, order: PushOrder) => Promise<void>;
  readonly readOrder: ReturnType<typeof createReadPushOrder>;
  /** Whether a user id is a registered ghost of the bridge, or its bot. */
  readonly isRegistered: (userId: string) => Promise<boolean>;
  /** Creates an unknown alias if the bridge has a room for it. Must not wait for a request that waits for this one. */
  readonly provideAlias: (alias: string, signal: AbortSignal) => Promise<boolean>;
  readonly log: Log;
  readonly count: (result: 'stored' | 'refused' | 'failed') => void;
}

/** More than 100 events, 100 ephemeral and 100 to-device events of 64 KiB each, so that no legal transaction is refused. */
const LARGEST_TRANSACTION = '64mb';

/** How long a query for an alias may take; the homeserver's client waits for it. */
const ALIAS_TIMEOUT_MS = 5_000;

/** Creates the router; mount it at `/`. */
export function createAppserviceRouter(deps: Deps): Router {
  const router = express.Router();
  router.use('/_matrix/app', authenticate(deps));
  const json = express.json({ limit: LARGEST_TRANSACTION, type: () => true });
  router.put('/_matrix/app/v1/transactions/:txnId', json, transactions(deps));
  router.post('/_matrix/app/v1/ping', (_request, response) => {
    response.json({});
  });
  router.get('/_matrix/app/v1/users/:userId', async (request, response) => {
    if (await deps.isRegistered(request.params.userId)) response.json({});
    else refuse(response, 404, 'M_NOT_FOUND', 'No such user of this bridge');
  });
  router.get('/_matrix/app/v1/rooms/:alias', aliases(deps));
  router.get('/_matrix/app/v1/thirdparty/protocol/:protocol', (_request, response) => {
    refuse(response, 404, 'M_NOT_FOUND', 'This bridge offers no third-party protocols');
  });
  router.get(
    ['location', 'location/:protocol', 'user', 'user/:protocol'].map(
      (path) => `/_matrix/app/v1/thirdparty/${path}`,
    ),
    (_request, response) => {
      response.json([]);
    },
  );
  router.use('/_matrix', (_request, response) => {
    refuse(response, 404, 'M_UNRECOGNIZED', 'Unknown endpoint');
  });
  return router;
}

function authenticate({ checkBearer, log, count }: Deps): RequestHandler {
  return (request, response, next) => {
    const verdict = checkBearer(request.headers.authorization);
    if (verdict === 'right') {
      next();
      return;
    }
    count('refused');
    log.warn(
      { verdict },
      'Refused a request of the homeserver: compare hs_token in config and registration, then restart Synapse',
    );
    if (verdict === 'missing')
      refuse(response, 401, 'M_UNAUTHORIZED', 'Expected the header Authorization: Bearer <hs_token>');
    else refuse(response, 403, 'M_FORBIDDEN', 'The token is not the hs_token of this bridge');
  };
}

/** The homeserver asks for every unknown alias of the namespace, also when the bridge itself looks one up. */
function aliases({ provideAlias, log }: Deps): RequestHandler {
  return async (request, response) => {
    try {
      const alias = String(request.params['alias']);
      if (await provideAlias(alias, AbortSignal.timeout(ALIAS_TIMEOUT_MS))) response.json({});
      else refuse(response, 404, 'M_NOT_FOUND', 'No such room yet: it is made when its FHIR resource is');
    } catch (error) {
      log.warn({ error }, 'Could not look up an alias; the client can try again');
      refuse(response, 503, 'M_UNKNOWN', 'The bridge cannot tell at the moment');
    }
  };
}

function transactions({ store, readOrder, log, count }: Deps): RequestHandler {
  return async (request, response) => {
    const txnId = String(request.params['txnId']);
    const order = readOrder(request, txnId);
    const parts = readTransaction(request.body, txnId);
    if (parts === undefined) {
      count('refused');
      refuse(response, 400, 'M_BAD_JSON', 'Expected a transaction: an object with a list named events');
      return;
    }
    if (parts.setAside.length > 0)
      log.error({ setAside: parts.setAside }, 'A transaction holds what is no event; it is set aside');
    try {
      await store(parts, order);
    } catch (error) {
      count('failed');
      log.error({ error }, 'Could not store a transaction; the homeserver will send it again');
      refuse(response, 503, 'M_UNKNOWN', 'The bridge cannot store the transaction at the moment');
      return;
    }
    count('stored');
    // Synapse counts an empty body as a failure: it expects JSON.
    response.json({});
  };
}

function refuse(response: Response, status: number, errcode: string, error: string): void {
  response.status(status).json({ errcode, error });
}
