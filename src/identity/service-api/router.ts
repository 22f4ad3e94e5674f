// The Matrix Identity Service API v2 (https://spec.matrix.org/v1.19/identity-service-api/), so that clients and homeservers need no other identity server.
import express from 'express';
import type { Request, Response, Router } from 'express';
import { accountRoutes } from './account-routes.ts';
import { inviteRoutes } from './invite-routes.ts';
import { bodyFaults } from '../protection/json-body.ts';
import { lookupRoutes } from './lookup-routes.ts';
import { ok, refusal, send } from '../protection/reply.ts';
import type { ServiceDeps } from './routes.ts';

const ROOT = '/_matrix/identity';
const BASE = `${ROOT}/v2`;

/** Browsers may call from anywhere (https://spec.matrix.org/v1.19/identity-service-api/#web-browser-clients). */
const CORS = new Map([
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Allow-Methods', 'GET, POST, PUT, DELETE, OPTIONS'],
  ['Access-Control-Allow-Headers', 'Origin, X-Requested-With, Content-Type, Accept, Authorization'],
]);

/** The versions whose mandatory endpoints are served. */
const VERSIONS = Array.from({ length: 19 }, (_, index) => `v1.${index + 1}`);

/**
 * Endpoints of the specification by which users bind identifiers to their accounts. Here directories say whose an identifier
 * is; Synapse takes this answer to an unbinding as "not supported" and goes on.
 */
const NOT_OFFERED = [
  ['post', '/validate/email/requestToken'],
  ['post', '/validate/email/submitToken'],
  ['get', '/validate/email/submitToken'],
  ['post', '/validate/msisdn/requestToken'],
  ['post', '/validate/msisdn/submitToken'],
  ['get', '/validate/msisdn/submitToken'],
  ['get', '/3pid/getValidated3pid'],
  ['post', '/3pid/bind'],
  ['post', '/3pid/unbind'],
  ['post', '/sign-ed25519'],
] as const;

/**
 * Creates the router; mount it at `/`.
 * @param onRequest is told of each request to this API
 */
export function createServiceRouter(deps: ServiceDeps, onRequest: (response: Response) => void): Router {
  const router = express.Router();
  // By the URL, not below a path of its own: express would cut that off each request and put it back.
  router.use((request, response, next) => {
    if (!request.url.startsWith(ROOT)) {
      next('router');
      return;
    }
    onRequest(response);
    response.setHeaders(CORS);
    // What browsers ask beforehand.
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else next();
  });
  // The route that is asked most comes first: routes are tried in turn.
  lookupRoutes(router, deps, BASE);
  router.get(`${ROOT}/versions`, (_request, response) => {
    send(response, ok({ versions: VERSIONS }));
  });
  router.get(BASE, (_request, response) => {
    send(response, ok({}));
  });
  accountRoutes(router, deps, BASE);
  inviteRoutes(router, deps, BASE);
  for (const [method, path] of NOT_OFFERED) {
    router[method](`${BASE}${path}`, (_request: Request, response: Response) => {
      send(
        response,
        refusal(404, 'M_UNRECOGNIZED', 'Identifiers are not bound here: they come from directories'),
      );
    });
  }
  for (const path of pathsOf(router)) {
    router.all(path, (_request, response) => {
      send(response, refusal(405, 'M_UNRECOGNIZED', 'The endpoint does not know this method'));
    });
  }
  router.use(ROOT, (_request, response) => {
    send(response, refusal(404, 'M_UNRECOGNIZED', 'Unknown endpoint'));
  });
  router.use(bodyFaults(deps.log));
  return router;
}

/** The paths that have a route for some method: another method there is a 405, not a 404. */
function pathsOf({ stack }: Router): readonly string[] {
  return [...new Set(stack.flatMap(({ route }) => (route === undefined ? [] : [route.path])))];
}
