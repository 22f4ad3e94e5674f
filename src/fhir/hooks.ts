// The endpoint of the rest-hook Subscriptions: a wake-up, not a delivery (FHIR R4 Subscription, "REST Hook").
// https://hl7.org/fhir/R4/subscription.html#2.46.8.1
import express from 'express';
import type { Request, RequestHandler, Response, Router } from 'express';
import type { ResourceVersion, WatchedType } from '../domain/fhir.ts';
import { versionOf, watchedTypes } from '../domain/fhir.ts';
import type { Log } from '../telemetry/log.ts';
import { isStored } from './stored.ts';

interface Deps {
  readonly checkBearer: (authorization: string | undefined) => 'missing' | 'wrong' | 'right';
  /** Rings for a resource type; resolves when every replica can hear it. */
  readonly notify: (resourceType: WatchedType) => Promise<void>;
  /** Whether the bridge itself wrote a version. */
  readonly isOwn: (version: ResourceVersion) => Promise<boolean>;
  readonly log: Log;
  readonly count: (result: 'stored' | 'own' | 'refused' | 'failed') => void;
}

/** The path of a type's hook below the bridge's URL. */
export function hookPath(resourceType: WatchedType): string {
  return `/fhir/hooks/${resourceType.toLowerCase()}`;
}

/** A resource that is larger is not read: the bridge then looks what changed, as without one. */
const LARGEST_BODY = '256kb';
const readJson: RequestHandler = express.json({
  ...{ limit: LARGEST_BODY, inflate: false },
  type: ['application/json', 'application/fhir+json'],
});

/**
 * Creates the router; mount it at `/`. Empty and form POSTs, PUT and DELETE below the path are all alike. Of a resource that comes
 * with them only the version is read, by which the bridge's own writes are told from others: what changed is read from the server.
 */
export function createHooksRouter({ checkBearer, notify, isOwn, log, count }: Deps): Router {
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
      const version = await versionIn(request, response, resourceType);
      const isOfOthers = version === undefined || !(await isOwn(version));
      if (isOfOthers) await notify(resourceType);
      count(isOfOthers ? 'stored' : 'own');
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

/** @returns undefined where no resource of the type came, or none that can be read */
async function versionIn(
  request: Request,
  response: Response,
  resourceType: WatchedType,
): Promise<ResourceVersion | undefined> {
  await new Promise<void>((resolve) => {
    readJson(request, response, () => {
      resolve();
    });
  });
  const body: unknown = request.body;
  return isStored(body) && body.resourceType === resourceType ? versionOf(body) : undefined;
}
