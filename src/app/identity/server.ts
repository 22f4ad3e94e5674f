// The identity port: its listener, its routers, and what is done in the background for them.
import { resolveSrv } from 'node:dns/promises';
import type { Router } from 'express';
import type { Pool } from 'pg';
import type { Config } from '../../config/schema.ts';
import type { Clock, Sleep } from '../../domain/clock.ts';
import type { Directory } from '../../identity/directories/directory.ts';
import { backendAccess } from '../../identity/ma1sd/access.ts';
import type { BackendAuth } from '../../identity/ma1sd/access.ts';
import type { BackendRouterDeps } from '../../identity/ma1sd/router.ts';
import { guideShapes, productShapes } from '../../identity/ma1sd/shapes.ts';
import { createCallerAddress, readNetworks } from '../../identity/protection/networks.ts';
import { createIdentityRouters } from '../../identity/routers.ts';
import type { ServiceDeps } from '../../identity/service-api/routes.ts';
import { createAccounts } from '../../identity/service-api/accounts.ts';
import { createAudit } from '../../identity/protection/audit.ts';
import { createBackend } from '../../identity/ma1sd/backend.ts';
import type { SigningKey } from '../../identity/service-api/canonical-json.ts';
import { readSigningKey } from '../../identity/service-api/canonical-json.ts';
import { createFederation } from '../../identity/service-api/federation.ts';
import { createInviteDelivery } from '../../identity/service-api/invite-delivery.ts';
import { createInvites } from '../../identity/service-api/invites.ts';
import { createKeyedHash } from '../../identity/protection/keyed-hash.ts';
import { createLookup } from '../../identity/service-api/lookup.ts';
import { createOpenIdCheck } from '../../identity/service-api/openid.ts';
import { createOutbound } from '../../identity/protection/outbound.ts';
import { createPeppers } from '../../identity/service-api/peppers.ts';
import { createPolicies } from '../../identity/service-api/policies.ts';
import { createRateLimiter } from '../../identity/protection/rate-limits.ts';
import * as accountTables from '../../store/identity-accounts.ts';
import * as auditTable from '../../store/identity-audit.ts';
import { readPeppers } from '../../store/identity-hashes.ts';
import * as inviteTable from '../../store/identity-invites.ts';
import { lookUpHashes } from '../../store/identity-lookups.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

export interface IdentityServerDeps {
  readonly config: Config;
  readonly pool: Pool;
  /** All directories as one. */
  readonly directory: Directory;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What `/health` tells an operator to mend. */
  readonly warnings?: () => readonly string[];
  /** Whether directories hold what people are looked up by in a form that can be relied upon. */
  readonly isReliable?: () => boolean;
}

export interface IdentityServer {
  /** For a listener of their own: `config.identity.host` and `port`. */
  readonly routers: readonly Router[];
  /** Tells the homeservers of invitees who have become known; any number of replicas may at one time. */
  readonly deliverInvites: (signal: AbortSignal) => Promise<void>;
}

type BackendAuthName = Exclude<Config['identity']['backendAuth'], 'off'>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE = 60;
const DAY = 86_400;

/** Puts the identity server together. */
export function createIdentityServer(deps: IdentityServerDeps): IdentityServer {
  const { config, metrics } = deps;
  const shared = sharedParts(deps);
  const { backendAuth, service } = config.identity;
  return {
    routers: createIdentityRouters({
      backend: backendAuth === 'off' ? undefined : backendDeps(deps, shared, backendAuth),
      service: service ? serviceDeps(deps, shared) : undefined,
      isReady: () => isReady(deps, shared),
      ...(deps.warnings !== undefined && { warnings: deps.warnings }),
      count: (api, status) => {
        metrics.identityAnswers.inc({ api, status });
      },
    }),
    deliverInvites: deliveryOf(deps, shared),
  };
}

type Shared = ReturnType<typeof sharedParts>;

/** Hashed look-ups need a pepper; the backend needs the database alone. */
async function isReady(
  { config, pool, isReliable }: IdentityServerDeps,
  { peppers }: Shared,
): Promise<boolean> {
  if (isReliable?.() === false) return false;
  if (config.identity.service) return (await peppers.current()) !== undefined;
  await pool.query('select');
  return true;
}

function sharedParts({ config, pool, clock, log }: IdentityServerDeps) {
  const { matrix, identity, people } = config;
  const isProxy = readNetworks(identity.trustedProxies);
  const homeservers = new Map<string, string | undefined>([
    [matrix.serverName, matrix.homeserverUrl],
    ...identity.homeservers.map(({ serverName, baseUrl }) => [serverName, baseUrl] as const),
  ]);
  return {
    isProxy,
    callerAddress: createCallerAddress(isProxy),
    keyedHash: createKeyedHash(people.pseudonymizationKey),
    audit: createAudit({ db: pool, store: auditTable, clock }),
    peppers: createPeppers({ read: () => readPeppers(pool), clock }),
    federation: createFederation({ homeservers, outbound: createOutbound(), resolveSrv, clock, log }),
    inviting: invitingParts(config),
  };
}

/** What invitations carry into rooms; undefined where one of both is not there, and so nobody is invited. */
function invitingParts({ identity }: Config) {
  const { signingKey, previousSigningKey, publicUrl } = identity;
  if (signingKey === undefined || publicUrl === undefined) return undefined;
  const previous = previousSigningKey === undefined ? [] : [readSigningKey(previousSigningKey)];
  // The key that signs, then the one before it.
  const keys: readonly [SigningKey, ...SigningKey[]] = [readSigningKey(signingKey), ...previous];
  return { keys, publicUrl };
}

function backendDeps(
  { config, directory, sleep, log }: IdentityServerDeps,
  { keyedHash, audit, callerAddress, isProxy }: Shared,
  kind: BackendAuthName,
): BackendRouterDeps {
  const { matrix, identity } = config;
  const { allowedNetworks, backendLookupsPerMinute } = identity;
  const limits = {
    caller: createRateLimiter([{ points: backendLookupsPerMinute, seconds: MINUTE }]),
    subject: createRateLimiter([{ points: 60, seconds: MINUTE }]),
    login: createRateLimiter([{ points: 5, seconds: 5 * MINUTE }]),
  };
  const isAllowed = readNetworks(allowedNetworks.length > 0 ? allowedNetworks : ['127.0.0.0/8', '::1']);
  return {
    backend: createBackend({
      ...identity,
      serverName: matrix.serverName,
      directory,
      limits,
      keyedHash,
      audit,
      sleep,
    }),
    shapes: identity.legacyShapes ? guideShapes : productShapes,
    access: backendAccess({ auth: backendAuthOf(config, kind, isProxy), isAllowed, callerAddress, log }),
    pathSecret: kind === 'path-secret',
    callerAddress,
    bulkLimit: identity.bulkLimit,
    log,
  };
}

function backendAuthOf(
  { identity }: Config,
  kind: BackendAuthName,
  isProxy: (address: string) => boolean,
): BackendAuth {
  const { backendSecret, previousBackendSecret } = identity;
  const { clientCertificateHeader, clientCertificates, tlsClientCaFile } = identity;
  switch (kind) {
    case 'bearer':
    case 'path-secret':
      return {
        kind,
        secrets: [backendSecret, previousBackendSecret].filter((secret) => secret !== undefined),
      };
    case 'client-certificate':
      return tlsClientCaFile === undefined
        ? { kind, header: clientCertificateHeader, certificates: clientCertificates, isProxy }
        : { kind: 'own-client-certificate', certificates: clientCertificates };
    case 'network':
      return { kind };
  }
}

function serviceDeps(
  { config, pool, directory, clock, log }: IdentityServerDeps,
  shared: Shared,
): ServiceDeps {
  const { identity } = config;
  const { keyedHash, audit, peppers, callerAddress, federation, inviting } = shared;
  return {
    accounts: createAccounts({
      ...{ db: pool, store: accountTables, clock, tokenMs: identity.tokenHours * HOUR_MS },
      checkOpenId: createOpenIdCheck({ federation, log }),
    }),
    policies: createPolicies(pool, accountTables, identity.policies),
    peppers,
    lookup: createLookup({
      lookUpHashes: (generation, asked) =>
        lookUpHashes(
          pool,
          { generation, media: identity.media, at: clock.now(), key: keyedHash.pads },
          asked,
        ),
      ...{ directory, media: identity.media, keyedHash, audit },
    }),
    invites:
      inviting &&
      createInvites({
        ...{ db: pool, store: inviteTable, directory, ...inviting, clock },
        inviteMs: identity.inviteDays * DAY_MS,
      }),
    plainLookups: identity.plainLookups,
    lookupLimit: identity.lookupLimit,
    limits: {
      register: createRateLimiter([{ points: identity.registrationsPerMinute, seconds: MINUTE }]),
      lookup: createRateLimiter([
        { points: identity.lookupsPerMinute, seconds: MINUTE },
        { points: identity.lookupsPerDay, seconds: DAY },
      ]),
      invite: createRateLimiter([{ points: identity.invitesPerMinute, seconds: MINUTE }]),
    },
    ...{ callerAddress, keyedHash, audit, log },
  };
}

function deliveryOf(
  { config, pool, directory, clock, sleep, log }: IdentityServerDeps,
  { inviting, federation }: Shared,
): (signal: AbortSignal) => Promise<void> {
  const { service, signingKey, inviteCheckSeconds } = config.identity;
  if (inviting === undefined) {
    return () => {
      if (service && signingKey !== undefined)
        log.info({}, 'Nobody is invited by address: identity.publicUrl is not set');
      return Promise.resolve();
    };
  }
  const { keys, publicUrl } = inviting;
  const { run } = createInviteDelivery({
    ...{ db: pool, store: inviteTable, directory, federation, clock, sleep, log },
    ...{ keys, serverName: new URL(publicUrl).host, intervalMs: inviteCheckSeconds * 1000 },
  });
  return run;
}
