// The ma1sd backend put together: its questions, its limits, and who may call it.
import type { Config } from '../../config/schema.ts';
import type { BackendAuth } from '../../identity/ma1sd/access.ts';
import { backendAccess } from '../../identity/ma1sd/access.ts';
import { createLogin, createProfile } from '../../identity/ma1sd/accounts.ts';
import { createResolve } from '../../identity/ma1sd/resolve.ts';
import type { BackendRouterDeps } from '../../identity/ma1sd/router.ts';
import { createSearch } from '../../identity/ma1sd/search.ts';
import { guideShapes, productShapes } from '../../identity/ma1sd/shapes.ts';
import { readNetworks } from '../../identity/protection/networks.ts';
import { createRateLimiter } from '../../identity/protection/rate-limits.ts';
import { createSecretCheck } from '../../ops/bearer.ts';
import type { IdentityParts } from './parts.ts';

const MINUTE = 60;
const THIS_MACHINE = ['127.0.0.0/8', '::1'];

/** Composes the backend; undefined where it is off. */
export function composeBackend(parts: IdentityParts): BackendRouterDeps | undefined {
  const { config, callerAddress, log } = parts;
  const { allowedNetworks, legacyShapes, bulkLimit, backendLookupsPerMinute } = config.identity;
  const auth = authOf(config.identity);
  if (auth === undefined) return undefined;
  const question = {
    ...{ ...parts, ...config.identity, serverName: config.matrix.serverName },
    callerLimit: createRateLimiter([{ points: backendLookupsPerMinute, seconds: MINUTE }]),
  };
  const subjectLimit = createRateLimiter([{ points: 60, seconds: MINUTE }]);
  const loginLimit = createRateLimiter([{ points: 5, seconds: 5 * MINUTE }]);
  const isAllowed = readNetworks(allowedNetworks.length > 0 ? allowedNetworks : THIS_MACHINE);
  return {
    backend: {
      resolve: createResolve({ ...question, subjectLimit }),
      search: createSearch(question),
      login: createLogin({ ...question, loginLimit }),
      profile: createProfile(question),
    },
    shapes: legacyShapes ? guideShapes : productShapes,
    access: backendAccess({ auth, isAllowed, callerAddress, log }),
    pathSecret: auth.kind === 'path-secret',
    ...{ callerAddress, bulkLimit, log },
  };
}

function authOf(identity: Config['identity']): BackendAuth | undefined {
  const { backendAuth: kind, backendSecret, previousBackendSecret, clientCertificates } = identity;
  switch (kind) {
    case 'off':
      return undefined;
    case 'bearer':
    case 'path-secret':
      return { kind, accepts: createSecretCheck([backendSecret, previousBackendSecret]) };
    case 'client-certificate':
      return { kind, accepts: createSecretCheck(clientCertificates) };
    case 'network':
      return { kind };
  }
}
