// The audit table of look-ups: who asked through which API, for whom (a keyed hash), and the result.
import type { MatrixUserId } from '../domain/ids.ts';
import { columnsOf, countRows, select, type Queryable } from './database.ts';

/** One look-up. It never holds an address, a name or a search term. */
export interface AuditRecord {
  readonly at: Date;
  /** The user of the identity service, or the network address of the backend's caller. */
  readonly caller: string;
  readonly action: 'login' | 'search' | 'single' | 'bulk' | 'profile' | 'lookup' | 'invite';
  readonly medium: string | undefined;
  /** The keyed hash of medium and address; of the question if the address is unknown. */
  readonly subject: Buffer | undefined;
  readonly outcome: 'found' | 'none' | 'refused' | 'failed';
  /** Who was found. */
  readonly found?: MatrixUserId | undefined;
}

/** Stores records in one statement. */
export async function saveAudit(db: Queryable, records: readonly AuditRecord[]): Promise<void> {
  // Prepared, because every request runs it: planned once per connection.
  await db.query({
    name: 'identity_audit',
    text: `insert into identity_audit (at, caller, action, medium, subject, outcome, found)
           select * from unnest(
             $1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[])`,
    values: columnsOf(records, 'at', 'caller', 'action', 'medium', 'subject', 'outcome', 'found'),
  });
}

/** Takes records that were not fed to the audit trail yet, the oldest first, and marks them as fed. */
export async function takeUnfed(db: Queryable, limit: number): Promise<readonly AuditRecord[]> {
  const sql = `update identity_audit set fed = true
    where ctid = any(array(
      select ctid from identity_audit where not fed order by at limit $1 for update skip locked))
    returning at, caller, action, medium, subject, outcome, found`;
  return select<AuditRecord>(db, sql, [limit]);
}

/** When the oldest record was stored that was not fed to the audit trail yet. */
export async function findOldestUnfed(db: Queryable): Promise<Date | undefined> {
  const [row] = await select<{ at: Date | undefined }>(
    db,
    'select min(at) as at from identity_audit where not fed',
  );
  return row?.at;
}

/** Deletes records older than an instant, at most `batch` of them; returns how many. */
export async function pruneAudit(db: Queryable, olderThan: Date, batch: number): Promise<number> {
  const sql = `delete from identity_audit where ctid = any(array(
      select ctid from identity_audit where at < $1 limit $2))`;
  return countRows(db, sql, [olderThan, batch]);
}
