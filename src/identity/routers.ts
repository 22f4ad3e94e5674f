// The routers of the identity port: whether it lives, the backend of ma1sd, and the Identity Service API.
import express from 'express';
import type { Response, Router } from 'express';
import { createBackendRouter } from './ma1sd/router.ts';
import type { BackendRouterDeps } from './ma1sd/router.ts';
import { createServiceRouter } from './service-api/router.ts';
import type { ServiceDeps } from './service-api/routes.ts';
import { send } from './protection/reply.ts';

interface IdentityRouterDeps {
  /** Undefined where the backend is off. */
  readonly backend: BackendRouterDeps | undefined;
  /** Undefined where the Identity Service API is off. */
  readonly service: ServiceDeps | undefined;
  /** Whether questions can be answered: the database is there, and a pepper. */
  readonly isReady: () => Promise<boolean>;
  /** What an operator should mend although questions are answered; names no person. */
  readonly warnings: () => readonly string[];
  /** Counts answers, by API and status. */
  readonly count: (api: 'backend' | 'service', status: number) => void;
}

/** Creates the routers; mount them at `/`, in this order. */
export function createIdentityRouters(deps: IdentityRouterDeps): readonly Router[] {
  const { backend, service, count } = deps;
  // Asked most often first: routers are tried in turn.
  return [
    ...(service === undefined ? [] : [createServiceRouter(service, counting('service', count))]),
    ...(backend === undefined ? [] : [createBackendRouter(backend, counting('backend', count))]),
    healthRouter(deps),
  ];
}

/** Nothing here is personal, so nothing here asks for a token. */
function healthRouter({ isReady, warnings }: IdentityRouterDeps): Router {
  const router = express.Router();
  router.get('/health', (_request, response) => {
    const told = warnings();
    send(response, { status: 200, body: { status: 'healthy', ...(told.length > 0 && { warnings: told }) } });
  });
  router.get('/health/ready', async (_request, response) => {
    const ready = await isReady().catch(() => false);
    send(response, { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not_ready' } });
  });
  return router;
}

/** Counts the answer that this will be. */
function counting(api: 'backend' | 'service', count: IdentityRouterDeps['count']) {
  return (response: Response): void => {
    response.once('finish', () => {
      count(api, response.statusCode);
    });
  };
}
