// The identity server put together: the routers of its two APIs, and what is done in the background for them.
import type { Router } from 'express';
import type { Pool } from 'pg';
import type { Config } from '../../config/schema.ts';
import type { Clock, Sleep } from '../../domain/clock.ts';
import type { Directory } from '../../identity/directories/directory.ts';
import { createAudit } from '../../identity/protection/audit.ts';
import { createKeyedHash } from '../../identity/protection/keyed-hash.ts';
import { createCallerAddress, readNetworks } from '../../identity/protection/networks.ts';
import { createIdentityRouters } from '../../identity/routers.ts';
import * as auditTable from '../../store/identity-audit.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { composeBackend } from './backend.ts';
import { composeService } from './service.ts';

interface Deps {
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

/** Puts the identity server together. */
export function createIdentityServer(deps: Deps): IdentityServer {
  const { config, pool, clock, metrics, isReliable, warnings } = deps;
  const { trustedProxies, service: hasService } = config.identity;
  const parts = {
    ...deps,
    callerAddress: createCallerAddress(readNetworks(trustedProxies)),
    keyedHash: createKeyedHash(config.people.pseudonymizationKey),
    audit: createAudit({ db: pool, store: auditTable, clock }),
  };
  const service = composeService(parts);
  return {
    routers: createIdentityRouters({
      backend: composeBackend(parts),
      service: hasService ? service.deps : undefined,
      async isReady() {
        if (isReliable?.() === false) return false;
        // Hashed look-ups need a pepper; the backend needs the database alone.
        if (hasService) return (await service.deps.peppers.current()) !== undefined;
        await pool.query('select');
        return true;
      },
      ...(warnings !== undefined && { warnings }),
      count: (api, status) => {
        metrics.identityAnswers.inc({ api, status });
      },
    }),
    deliverInvites: service.deliverInvites,
  };
}
