// The audit table of look-ups: who asked through which API, for whom (a keyed hash), and the result.
import { columnsOf, countRows, type Queryable } from './database.ts';

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
}

/** Stores records in one statement. */
export async function saveAudit(db: Queryable, records: readonly AuditRecord[]): Promise<void> {
  // Prepared, because every request runs it: planned once per connection.
  await db.query({
    name: 'identity_audit',
    text: `insert into identity_audit (at, caller, action, medium, subject, outcome)
           select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])`,
    values: columnsOf(records, 'at', 'caller', 'action', 'medium', 'subject', 'outcome'),
  });
}

/** Deletes records older than an instant, at most `batch` of them; returns how many. */
export async function pruneAudit(db: Queryable, olderThan: Date, batch: number): Promise<number> {
  const sql = `delete from identity_audit where ctid = any(array(
      select ctid from identity_audit where at < $1 limit $2))`;
  return countRows(db, sql, [olderThan, batch]);
}
