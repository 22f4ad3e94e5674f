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
import { bodyFaults, checkBody, jsonBody, refusal } from '../protection/json-body.ts';
import { answering, ok, send } from '../protection/reply.ts';
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
      const checked = checkBody(loginBody, request.body);
      if ('wrong' in checked) return checked.wrong;
      const { mxid, password } = checked.body.auth;
      const [, localpart = '', domain = ''] = /^@([^:]*):(.*)$/.exec(mxid) ?? [];
      const { localpart: named = localpart, domain: at = domain } = checked.body.auth;
      // The three say the same; where they do not, no account is meant.
      if (named !== localpart || at !== domain) return failed;
      const entry = await backend.login(callerAddress(request), { localpart, domain, password }, signal);
      return ok(shapes.login(entry));
    },
    (error) => {
      log.error({ error }, 'A login could not be checked');
      return failed;
    },
  );
}

function search({ backend, shapes, callerAddress, log }: BackendRouterDeps): RequestHandler {
  return answering(
    async (request, signal) => {
      const checked = checkBody(searchBody, request.body);
      if ('wrong' in checked) return checked.wrong;
      const { by, search_term: term } = checked.body;
      const { entries, limited } = await backend.search(callerAddress(request), by, term, signal);
      return ok(shapes.search(entries, limited));
    },
    (error) => {
      // Any other status would fail the client's whole search, Synapse's own hits included.
      log.error({ error }, 'A search in the directories failed');
      return ok(shapes.search([], false));
    },
  );
}

function single({ backend, shapes, callerAddress, log }: BackendRouterDeps): RequestHandler {
  return answering(async (request, signal) => {
    const checked = checkBody(singleBody, request.body);
    if ('wrong' in checked) return checked.wrong;
    const asked = checked.body.lookup;
    const resolved = await backend.resolve(callerAddress(request), 'single', [asked], signal);
    return resolved === 'limited' ? tooMany() : ok(shapes.single(asked, resolved[0]));
  }, unavailable(log));
}

function bulk({ backend, shapes, callerAddress, bulkLimit, log }: BackendRouterDeps): RequestHandler {
  return answering(async (request, signal) => {
    const checked = checkBody(bulkBody, request.body);
    if ('wrong' in checked) return checked.wrong;
    const { lookup } = checked.body;
    if (lookup.length > bulkLimit)
      return refusal(413, 'M_TOO_LARGE', `More than ${bulkLimit} identifiers in one look-up`);
    const resolved = await backend.resolve(callerAddress(request), 'bulk', lookup, signal);
    if (resolved === 'limited') return tooMany();
    return ok(
      shapes.bulk(
        lookup.flatMap((asked, index) => {
          const userId = resolved[index];
          return userId === undefined ? [] : [{ asked, userId }];
        }),
      ),
    );
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
      const checked = checkBody(profileBody, request.body);
      if ('wrong' in checked) return none;
      const entry = await backend.profile(callerAddress(request), checked.body.mxid, signal);
      return entry === undefined ? none : ok({ profile: part(entry) });
    },
    (error) => {
      log.error({ error }, 'A profile could not be read');
      return none;
    },
  );
}

const displayNameOf = ({ displayName }: DirectoryEntry) => ({
  ...(displayName !== undefined && { display_name: displayName }),
});

const threepidsOf = ({ threepids }: DirectoryEntry) => ({
  threepids: threepids.map(({ medium, address }) => ({ medium, address })),
});

/** ma1sd reads every status but 200 as no match, and forgets the question; a malformed 200 would stay with it for good. */
const tooMany = (): Reply => refusal(429, 'M_LIMIT_EXCEEDED', 'Too many look-ups');

const unavailable =
  (log: Log) =>
  (error: unknown): Reply => {
    log.error({ error }, 'A look-up in the directories failed');
    return refusal(503, 'M_UNKNOWN', 'The directories do not answer');
  };
