// The REST backend of ma1sd: seven questions, each with a failure that does ma1sd no harm.
// https://github.com/ma1uta/ma1sd/blob/master/docs/stores/rest.md
import express from 'express';
import type { Request, RequestHandler, Response, Router } from 'express';
import { z } from 'zod';
import type { Log } from '../../telemetry/log.ts';
import type { DirectoryEntry } from '../directories/directory.ts';
import type { Backend } from './backend.ts';
import { rolesOf } from './shapes.ts';
import type { BackendShapes } from './shapes.ts';
import { bodyFaults, jsonBody, readBody } from '../protection/json-body.ts';
import { answering, ok, refusal, send } from '../protection/reply.ts';
import type { Reply } from '../protection/reply.ts';

export interface BackendRouterDeps {
  readonly backend: Backend;
  readonly shapes: BackendShapes;
  readonly access: RequestHandler;
  /** With path secrets the path begins with `/k/<secret>`. */
  readonly pathSecret: boolean;
  readonly callerAddress: (request: Request) => string;
  /** Identifiers in one bulk look-up at most. */
  readonly bulkLimit: number;
  readonly log: Log;
}

const BASE = '/_ma1sd/backend/api/v1';
const threepid = z.looseObject({ medium: z.string().max(50), address: z.string().max(500) });
const singleBody = z.looseObject({ lookup: threepid });
const bulkBody = z.looseObject({ lookup: z.array(threepid).max(10_000) });
const searchBody = z.looseObject({
  by: z.enum(['name', 'threepid']).default('name'),
  search_term: z.string().max(10_000),
});
const loginBody = z.looseObject({
  auth: z.looseObject({
    mxid: z.string().max(255),
    localpart: z.string().max(255).optional(),
    domain: z.string().max(255).optional(),
    password: z.string().max(1_000),
  }),
});
const profileBody = z.looseObject({ mxid: z.string().max(255) });

/**
 * Creates the router; mount it at `/`.
 * @param onRequest is told of each request to this API
 */
export function createBackendRouter(
  deps: BackendRouterDeps,
  onRequest: (response: Response) => void,
): Router {
  const router = express.Router();
  const routes = express.Router({ mergeParams: true });
  routes.use((_request, response, next) => {
    onRequest(response);
    next();
  });
  routes.use(deps.access, jsonBody);
  routes.post('/auth/login', login(deps));
  routes.post('/directory/user/search', search(deps));
  routes.post('/identity/single', single(deps));
  routes.post('/identity/bulk', bulk(deps));
  routes.post('/profile/displayName', profile(deps, displayNameOf));
  routes.post('/profile/threepids', profile(deps, threepidsOf));
  routes.post('/profile/roles', profile(deps, rolesOf));
  routes.use((_request, response) => {
    send(response, refusal(404, 'M_UNRECOGNIZED', 'No such endpoint of the backend'));
  });
  routes.use(bodyFaults(deps.log));
  router.use(deps.pathSecret ? `/k/:secret${BASE}` : BASE, routes);
  return router;
}

function login({ backend, shapes, callerAddress, log }: BackendRouterDeps): RequestHandler {
  const failed = ok(shapes.login(undefined));
  return answering(
    async (request, signal) => {
      const { auth } = readBody(loginBody, request.body);
      const [, localpart = '', domain = ''] = /^@([^:]*):(.*)$/.exec(auth.mxid) ?? [];
      // The three say the same; where they do not, no account is meant.
      if ((auth.localpart ?? localpart) !== localpart || (auth.domain ?? domain) !== domain) return failed;
      const { password } = auth;
      return ok(
        shapes.login(await backend.login(callerAddress(request), { localpart, domain, password }, signal)),
      );
    },
    { log, message: 'A login could not be checked', reply: failed },
  );
}

function search({ backend, shapes, callerAddress, log }: BackendRouterDeps): RequestHandler {
  return answering(
    async (request, signal) => {
      const { by, search_term: term } = readBody(searchBody, request.body);
      const { entries, limited } = await backend.search(callerAddress(request), by, term, signal);
      return ok(shapes.search(entries, limited));
    },
    // Any other status would fail the client's whole search, Synapse's own hits included.
    { log, message: 'A search in the directories failed', reply: ok(shapes.search([], false)) },
  );
}

function single({ backend, shapes, callerAddress, log }: BackendRouterDeps): RequestHandler {
  return answering(async (request, signal) => {
    const { lookup: asked } = readBody(singleBody, request.body);
    const resolved = await backend.resolve(callerAddress(request), 'single', [asked], signal);
    return resolved === 'limited' ? tooMany : ok(shapes.single(asked, resolved[0]));
  }, unavailable(log));
}

function bulk({ backend, shapes, callerAddress, bulkLimit, log }: BackendRouterDeps): RequestHandler {
  return answering(async (request, signal) => {
    const { lookup } = readBody(bulkBody, request.body);
    if (lookup.length > bulkLimit)
      return refusal(413, 'M_TOO_LARGE', `More than ${bulkLimit} identifiers in one look-up`);
    const resolved = await backend.resolve(callerAddress(request), 'bulk', lookup, signal);
    if (resolved === 'limited') return tooMany;
    const found = lookup.flatMap((asked, index) => {
      const userId = resolved[index];
      return userId === undefined ? [] : [{ asked, userId }];
    });
    return ok(shapes.bulk(found));
  }, unavailable(log));
}

/** ma1sd reads 200 and 404 here, and fails on all else. */
function profile(
  { backend, callerAddress, log }: BackendRouterDeps,
  part: (entry: DirectoryEntry) => Readonly<Record<string, unknown>>,
): RequestHandler {
  const none: Reply = { status: 404, body: {} };
  return answering(
    async (request, signal) => {
      const body = profileBody.safeParse(request.body);
      const entry = body.success && (await backend.profile(callerAddress(request), body.data.mxid, signal));
      return entry ? ok({ profile: part(entry) }) : none;
    },
    { log, message: 'A profile could not be read', reply: none },
  );
}

const displayNameOf = ({ displayName }: DirectoryEntry) => ({
  ...(displayName !== undefined && { display_name: displayName }),
});

const threepidsOf = ({ threepids }: DirectoryEntry) => ({
  threepids: threepids.map(({ medium, address }) => ({ medium, address })),
});

/** ma1sd reads every status but 200 as no match, and forgets the question; a malformed 200 would stay with it for good. */
const tooMany = refusal(429, 'M_LIMIT_EXCEEDED', 'Too many look-ups');

const unavailable = (log: Log) => ({
  ...{ log, message: 'A look-up in the directories failed' },
  reply: refusal(503, 'M_UNKNOWN', 'The directories do not answer'),
});
