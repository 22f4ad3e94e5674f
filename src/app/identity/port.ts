// The identity port put together: the routers of its two APIs, and the work behind both. Only where it is enabled.
import type { Config } from '../../config/schema.ts';
import { createAudit } from '../../identity/protection/audit.ts';
import { createKeyedHash } from '../../identity/protection/keyed-hash.ts';
import { createCallerAddress, readNetworks } from '../../identity/protection/networks.ts';
import { createIdentityRouters } from '../../identity/routers.ts';
import { createAttributeChecks } from '../../jobs/attribute-checks.ts';
import type { Listen } from '../../ops/http-server.ts';
import { kept } from '../../ops/kept.ts';
import * as auditTable from '../../store/identity-audit.ts';
import type { Parts } from '../parts.ts';
import { composeBackend } from './backend.ts';
import type { ComposedDirectories } from './directories.ts';
import { composeService } from './service.ts';

/** Anyone may ask whether the port is ready. */
const READINESS_KEPT_MS = 1_000;

interface Deps extends Parts {
  readonly directories: Pick<ComposedDirectories, 'directory' | 'checks'>;
}

/** What the daemon runs for the second port. */
export type IdentityPort = ReturnType<typeof createIdentityPort>;

/** Puts it together; opens no connection yet. */
export function createIdentityPort({ directories, ...deps }: Deps) {
  const { config, pool, clock, metrics } = deps;
  const { identity } = config;
  const attributes = createAttributeChecks(deps, directories.checks);
  const parts = {
    ...{ ...deps, directory: directories.directory },
    callerAddress: createCallerAddress(readNetworks(identity.trustedProxies)),
    keyedHash: createKeyedHash(config.people.pseudonymizationKey),
    audit: createAudit({ db: pool, store: auditTable, clock }),
  };
  const service = composeService(parts);
  const findDatabase = kept(() => pool.query('select'), {
    ...{ keepMs: READINESS_KEPT_MS, nowMs: () => clock.monotonicMs() },
  });
  return {
    listen: listenOf(identity),
    routers: createIdentityRouters({
      backend: composeBackend(parts),
      service: identity.service ? service.deps : undefined,
      async isReady() {
        if (identity.requireReliableAttributes && !attributes.areReliable()) return false;
        // Hashed look-ups need a pepper; the backend needs the database alone.
        if (identity.service) return (await service.deps.peppers.current()) !== undefined;
        await findDatabase();
        return true;
      },
      warnings: attributes.warnings,
      count: (api, status) => {
        metrics.identityAnswers.inc({ api, status });
      },
    }),
    /** Runs on every replica until the signal is aborted. */
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all([service.deliverInvites(signal), attributes.run(signal)]);
    },
  };
}

function listenOf({ host, port, tlsCertFile, tlsKeyFile, tlsClientCaFile }: Config['identity']): Listen {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return { host, port };
  return { host, port, tls: { certFile: tlsCertFile, keyFile: tlsKeyFile, clientCaFile: tlsClientCaFile } };
}
