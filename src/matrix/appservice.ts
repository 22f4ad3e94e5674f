// The appservice API that the homeserver calls (application-service API v1.19): persist, then answer.
import express from 'express';
import type { RequestHandler, Response, Router } from 'express';
import type { Log } from '../telemetry/log.ts';
import type { TransactionParts } from './transactions.ts';
import { readTransaction } from './transactions.ts';

interface Deps {
  /** How the request's token stands. */
  readonly checkBearer: (authorization: string | undefined) => 'missing' | 'wrong' | 'right';
  /** Stores all parts in one commit and rings the reader. Runs no business logic. */
  readonly store: (parts: TransactionParts) => Promise<void>;
  /** Whether a user id is a registered ghost of the bridge, or its bot. */
  readonly isRegistered: (userId: string) => Promise<boolean>;
  /** Makes an alias that nobody has yet, if it names a room. Never waits for an answer that waits for this one. */
  readonly provideAlias: (alias: string, signal: AbortSignal) => Promise<boolean>;
  readonly log: Log;
  readonly count: (result: 'stored' | 'refused' | 'failed') => void;
}

/** Above 100 events, 100 ephemeral and 100 to-device events of 64 KiB each: no legal transaction is refused. */
const LARGEST_TRANSACTION = '64mb';

/** How long the homeserver, and whoever asked it, waits for an alias. */
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

/** Asked for every unknown alias of the namespace, also when the bridge itself looks one up. */
function aliases({ provideAlias, log }: Deps): RequestHandler {
  return async (request, response) => {
    try {
      const alias = String(request.params['alias']);
      if (await provideAlias(alias, AbortSignal.timeout(ALIAS_TIMEOUT_MS))) response.json({});
      else refuse(response, 404, 'M_NOT_FOUND', 'No such room yet: it is made when its FHIR resource is');
    } catch (error) {
      log.warn({ error }, 'Could not tell whether an alias names a room; whoever asked may ask again');
      refuse(response, 503, 'M_UNKNOWN', 'The bridge cannot tell at the moment');
    }
  };
}

function transactions({ store, log, count }: Deps): RequestHandler {
  return async (request, response) => {
    const parts = readTransaction(request.body, String(request.params['txnId']));
    if (parts === undefined) {
      count('refused');
      refuse(response, 400, 'M_BAD_JSON', 'Expected a transaction: an object with a list named events');
      return;
    }
    if (parts.malformed > 0)
      log.error({ malformed: parts.malformed }, 'A transaction holds events without the required fields');
    try {
      await store(parts);
    } catch (error) {
      count('failed');
      log.error({ error }, 'Could not store a transaction; the homeserver will send it again');
      refuse(response, 503, 'M_UNKNOWN', 'The bridge cannot store the transaction at the moment');
      return;
    }
    count('stored');
    // An empty body would count as a failure: Synapse wants JSON.
    response.json({});
  };
}

function refuse(response: Response, status: number, errcode: string, error: string): void {
  response.status(status).json({ errcode, error });
}
