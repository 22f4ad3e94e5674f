// The Matrix Identity Service API put together: accounts, look-ups, invitations, and the delivery of these.
import { resolveSrv } from 'node:dns/promises';
import type { Config } from '../../config/schema.ts';
import { createOutbound } from '../../identity/protection/outbound.ts';
import { createRateLimiter } from '../../identity/protection/rate-limits.ts';
import { createAccounts } from '../../identity/service-api/accounts.ts';
import type { SigningKey } from '../../identity/service-api/canonical-json.ts';
import { readSigningKey } from '../../identity/service-api/canonical-json.ts';
import type { Federation } from '../../identity/service-api/federation.ts';
import { createFederation } from '../../identity/service-api/federation.ts';
import { createInviteDelivery } from '../../identity/service-api/invite-delivery.ts';
import { createInvites } from '../../identity/service-api/invites.ts';
import { createLookup } from '../../identity/service-api/lookup.ts';
import { createOpenIdCheck } from '../../identity/service-api/openid.ts';
import { createPeppers } from '../../identity/service-api/peppers.ts';
import { createPolicies } from '../../identity/service-api/policies.ts';
import type { ServiceDeps } from '../../identity/service-api/routes.ts';
import * as accountTables from '../../store/identity-accounts.ts';
import { readPeppers } from '../../store/identity-hashes.ts';
import * as inviteTable from '../../store/identity-invites.ts';
import { lookUpHashes } from '../../store/identity-lookups.ts';
import type { IdentityParts } from './parts.ts';

/** What invitations carry into rooms. */
interface Inviting {
  /** The key that signs, then the one before it. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
  readonly publicUrl: string;
}

const MINUTE = 60;
const DAY = 86_400;

/** Composes the API. `deliverInvites` runs until its signal is aborted; any number of replicas may at one time. */
export function composeService(parts: IdentityParts) {
  const { config, pool, directory, clock, log, keyedHash, audit, callerAddress } = parts;
  const { identity } = config;
  const federation = composeFederation(parts);
  const inviting = invitingOf(identity);
  return {
    deps: {
      accounts: createAccounts({
        ...{ db: pool, store: accountTables, clock, tokenMs: identity.tokenMs },
        checkOpenId: createOpenIdCheck({ federation, log }),
      }),
      policies: createPolicies(pool, accountTables, identity.policies),
      peppers: createPeppers({ read: () => readPeppers(pool), clock }),
      lookup: createLookup({
        ...{ directory, media: identity.media, keyedHash, audit },
        lookUpHashes: (generation, asked) =>
          lookUpHashes(
            pool,
            { generation, media: identity.media, at: clock.now(), key: keyedHash.pads },
            asked,
          ),
      }),
      invites: inviting && createInvites({ ...parts, ...inviting, ...inviteStore(parts) }),
      media: identity.media,
      plainLookups: identity.plainLookups,
      lookupLimit: identity.lookupLimit,
      limits: limitsOf(identity),
      ...{ callerAddress, keyedHash, audit, log },
    },
    deliverInvites: composeDelivery(parts, federation, inviting),
  };
}

const inviteStore = ({ config, pool }: IdentityParts) => ({
  ...{ db: pool, store: inviteTable, inviteMs: config.identity.inviteMs },
});

/** Undefined where the key or the URL is missing: then no one is invited by address. */
function invitingOf({ signingKey, previousSigningKey, publicUrl }: Config['identity']): Inviting | undefined {
  if (signingKey === undefined || publicUrl === undefined) return undefined;
  const previous = previousSigningKey === undefined ? [] : [readSigningKey(previousSigningKey)];
  return { keys: [readSigningKey(signingKey), ...previous], publicUrl };
}

function limitsOf(identity: Config['identity']): ServiceDeps['limits'] {
  const perMinute = (points: number) => ({ points, seconds: MINUTE });
  return {
    register: createRateLimiter([perMinute(identity.registrationsPerMinute)]),
    lookup: createRateLimiter([
      perMinute(identity.lookupsPerMinute),
      { points: identity.lookupsPerDay, seconds: DAY },
    ]),
    invite: createRateLimiter([perMinute(identity.invitesPerMinute)]),
  };
}

function composeFederation({ config: { matrix, identity }, clock, log }: IdentityParts): Federation {
  const homeservers = new Map<string, string | undefined>([
    [matrix.serverName, matrix.homeserverUrl],
    ...identity.homeservers.map(({ serverName, baseUrl }) => [serverName, baseUrl] as const),
  ]);
  return createFederation({ homeservers, outbound: createOutbound(), resolveSrv, clock, log });
}

function composeDelivery(
  parts: IdentityParts,
  federation: Federation,
  inviting: Inviting | undefined,
): (signal: AbortSignal) => Promise<void> {
  const { service, signingKey, inviteCheckMs } = parts.config.identity;
  if (inviting === undefined) {
    return () => {
      if (service && signingKey !== undefined)
        parts.log.info({}, 'No one is invited by address: identity.publicUrl is not set');
      return Promise.resolve();
    };
  }
  const { keys, publicUrl } = inviting;
  return createInviteDelivery({
    ...{ ...parts, ...inviteStore(parts), federation, keys, serverName: new URL(publicUrl).host },
    intervalMs: inviteCheckMs,
  });
}
