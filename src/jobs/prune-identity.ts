// Deletes what the identity port keeps and has expired: tokens, invitations, old audit records.
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import { pruneTokens } from '../store/identity-accounts.ts';
import { pruneAudit } from '../store/identity-audit.ts';
import { pruneInvites } from '../store/identity-invites.ts';
import { inBatches } from '../inbox/in-batches.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60 * 60 * 1000;
const AUDIT_BATCH = 10_000;

/** The job. */
export function pruneIdentity(
  { db, clock }: Pick<Bridge, 'clock' | 'db'>,
  { auditMs }: Pick<Config['identity'], 'auditMs'>,
): BridgeJob {
  return {
    name: 'identity:prune',
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    async pass(signal) {
      const now = clock.now();
      const olderThan = new Date(now.getTime() - auditMs);
      return (
        (await pruneTokens(db, now)) +
        (await pruneInvites(db, now)) +
        (await inBatches(signal, AUDIT_BATCH, (batch) => pruneAudit(db, olderThan, batch)))
      );
    },
  };
}
