// The endpoint of the rest-hook Subscriptions: a wake-up, not a delivery (FHIR R4 Subscription, "REST Hook").
import express from 'express';
import type { RequestHandler, Router } from 'express';
import type { WatchedType } from '../domain/fhir.ts';
import { watchedTypes } from '../domain/fhir.ts';
import type { Log } from '../telemetry/log.ts';

interface Deps {
  readonly checkBearer: (authorization: string | undefined) => 'missing' | 'wrong' | 'right';
  /** Rings for a resource type; resolves when every replica can hear it. */
  readonly notify: (resourceType: WatchedType) => Promise<void>;
  readonly log: Log;
  readonly count: (result: 'stored' | 'refused' | 'failed') => void;
}

/** The path of a type's hook below the bridge's URL. */
export function hookPath(resourceType: WatchedType): string {
  return `/fhir/hooks/${resourceType.toLowerCase()}`;
}

/**
 * Creates the router; mount it at `/`. Empty and form POSTs, PUT and DELETE below the path are all alike. Bodies are
 * not read: what changed is read from the server.
 */
export function createHooksRouter({ checkBearer, notify, log, count }: Deps): Router {
  const typeByName = new Map<string, WatchedType>(
    watchedTypes(true).map((type) => [type.toLowerCase(), type]),
  );
  const hook: RequestHandler = async (request, response) => {
    const verdict = checkBearer(request.headers.authorization);
    if (verdict !== 'right') {
      count('refused');
      log.warn({ verdict }, 'Refused a hook: its Subscription carries another secret than fhir.hookSecret');
      response.status(verdict === 'missing' ? 401 : 403).end();
      return;
    }
    const resourceType = typeByName.get(String(request.params['subscription']));
    if (resourceType === undefined) {
      response.status(404).end();
      return;
    }
    try {
      await notify(resourceType);
      count('stored');
      response.status(200).end();
    } catch (error) {
      count('failed');
      log.error({ error }, 'Could not wake the reader for a hook; the next poll will find what changed');
      response.status(503).end();
    }
  };
  const router = express.Router();
  router.post('/fhir/hooks/:subscription', hook);
  for (const method of ['post', 'put', 'delete'] as const)
    router[method]('/fhir/hooks/:subscription/*resource', hook);
  return router;
}
