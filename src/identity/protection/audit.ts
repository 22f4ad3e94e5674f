// The audit of resolutions: an answer leaves only after its record is stored; records of many answers go in one statement.
import type { Pool } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import type * as auditTable from '../../store/identity-audit.ts';
import type { AuditRecord } from '../../store/identity-audit.ts';
import { coalesce } from './coalesce.ts';

/** Stores the records of one answer. */
export type Audit = (records: readonly Omit<AuditRecord, 'at'>[]) => Promise<void>;

/** Resolves once the records are stored; what is recorded meanwhile goes into the next statement together. */
export function createAudit({
  db,
  store,
  clock,
}: {
  db: Pool;
  store: typeof auditTable;
  clock: Clock;
}): Audit {
  const save = coalesce(
    async (answers: readonly (readonly AuditRecord[])[]) => {
      await store.saveAudit(db, answers.flat());
      return answers.map(() => true);
    },
    { largest: 200, concurrent: 4 },
  );
  return async (records) => {
    if (records.length === 0) return;
    const at = clock.now();
    await save(records.map((record) => ({ ...record, at })));
  };
}
