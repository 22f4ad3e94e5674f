// Look-ups of the Identity Service API v2: how to hash, and whom the hashes find.
import type { Router } from 'express';
import { z } from 'zod';
import { jsonBody, readBody } from '../protection/json-body.ts';
import { ok, refusal } from '../protection/reply.ts';
import type { Reply } from '../protection/reply.ts';
import { forUsers, limitExceeded } from './routes.ts';
import type { ServiceDeps } from './routes.ts';

const lookupBody = z.looseObject({
  algorithm: z.string().max(50),
  pepper: z.string().max(255),
  addresses: z.array(z.string().max(600)).max(10_000),
});

/** Adds the routes of look-ups to the router, below `base`. */
export function lookupRoutes(router: Router, deps: ServiceDeps, base: string): void {
  const { peppers, lookup, limits, plainLookups, lookupLimit } = deps;
  const algorithms = plainLookups ? ['sha256', 'none'] : ['sha256'];

  router.get(
    `${base}/hash_details`,
    forUsers(
      deps,
      async () => {
        const pepper = await peppers.current();
        return pepper === undefined ? notReady() : ok({ lookup_pepper: pepper, algorithms });
      },
      { tokenInQuery: true },
    ),
  );

  router.post(
    `${base}/lookup`,
    jsonBody,
    forUsers(deps, async (request, userId, signal) => {
      const { algorithm, pepper, addresses } = readBody(lookupBody, request.body);
      if (!algorithms.includes(algorithm))
        return refusal(400, 'M_INVALID_PARAM', 'The algorithm is none of hash_details');
      if (addresses.length > lookupLimit)
        return refusal(400, 'M_TOO_LARGE', `More than ${lookupLimit} addresses in one look-up`);
      const wait = await limits.lookup(userId, Math.max(1, addresses.length));
      if (wait !== undefined) return limitExceeded(wait);
      const generation = await peppers.generationOf(pepper);
      if (generation === undefined) return invalidPepper(await peppers.current());
      const mappings =
        algorithm === 'sha256'
          ? await lookup.hashed(userId, generation, addresses)
          : await lookup.plain(userId, addresses, signal);
      return ok({ mappings });
    }),
  );
}

const notReady = (): Reply => refusal(503, 'M_UNKNOWN', 'The first pepper is still being prepared');

/** With the pepper to use instead, as Sydent answers, so that a client can go on at once. */
function invalidPepper(current: string | undefined): Reply {
  return current === undefined
    ? notReady()
    : refusal(400, 'M_INVALID_PEPPER', 'Unknown or invalid pepper - has it been rotated?', {
        algorithm: 'sha256',
        lookup_pepper: current,
      });
}
