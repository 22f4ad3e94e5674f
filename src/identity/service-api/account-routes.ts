// Accounts and terms of the Identity Service API v2.
import type { Router } from 'express';
import { z } from 'zod';
import { bearerToken } from '../protection/bearer-token.ts';
import { jsonBody, readBody } from '../protection/json-body.ts';
import { subscriberOf } from '../protection/networks.ts';
import { answering, ok, refusal } from '../protection/reply.ts';
import { forUsers, limitExceeded, unauthorized, unavailable } from './routes.ts';
import type { ServiceDeps } from './routes.ts';

const registerBody = z.looseObject({
  access_token: z.string().min(1).max(4_096),
  matrix_server_name: z.string().min(1).max(255),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .optional(),
});
const termsBody = z.looseObject({ user_accepts: z.array(z.string().max(2_048)).max(100) });

/** Adds the routes of accounts and terms to the router, below `base`. */
export function accountRoutes(router: Router, deps: ServiceDeps, base: string): void {
  const { accounts, policies, limits, callerAddress, log } = deps;

  router.post(
    `${base}/account/register`,
    jsonBody,
    answering(async (request, signal) => {
      const wait = await limits.register(subscriberOf(callerAddress(request)));
      if (wait !== undefined) return limitExceeded(wait);
      const body = readBody(registerBody, request.body);
      const { access_token: accessToken, matrix_server_name: serverName } = body;
      const token = await accounts.register({ accessToken, serverName }, signal);
      // One refusal for homeservers not served and for tokens not known.
      if (token === undefined)
        return refusal(401, 'M_UNAUTHORIZED', 'The OpenID token could not be verified');
      // Clients from before v2 of the API read `access_token`.
      return ok({ token, access_token: token });
    }, unavailable(log)),
  );

  router.get(
    `${base}/account`,
    forUsers(deps, (_request, userId) => Promise.resolve(ok({ user_id: userId }))),
  );

  router.post(
    `${base}/account/logout`,
    answering(async (request) => {
      const token = bearerToken(request);
      if (token === undefined) return unauthorized();
      if (await accounts.logout(token)) return ok({});
      return refusal(401, 'M_UNKNOWN_TOKEN', 'Unrecognised access token');
    }, unavailable(log)),
  );

  router.get(
    `${base}/terms`,
    answering(() => Promise.resolve(ok(policies.document)), unavailable(log)),
  );

  router.post(
    `${base}/terms`,
    jsonBody,
    forUsers(
      deps,
      async (request, userId) => {
        await policies.accept(userId, readBody(termsBody, request.body).user_accepts);
        return ok({});
      },
      { beforePolicies: true },
    ),
  );
}
