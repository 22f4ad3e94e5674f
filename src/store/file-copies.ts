// The table of file copies: what was reserved for a file that is being copied, and since when that fails.
import { select, selectColumn, type Queryable } from './database.ts';

/** What was reserved for a file; undefined when nothing was. */
export async function findTarget(db: Queryable, id: string): Promise<string | undefined> {
  const [row] = await select<{ target: string | undefined }>(
    db,
    'select target from file_copy where id = $1',
    [id],
  );
  return row?.target;
}

/** Records what was reserved for a file, in place of what was before. */
export async function saveTarget(db: Queryable, id: string, target: string): Promise<void> {
  const sql = `insert into file_copy (id, target) values ($1, $2)
    on conflict (id) do update set target = excluded.target`;
  await db.query(sql, [id, target]);
}

/** Records that an attempt failed. @returns when one first did */
export async function saveFailure(db: Queryable, id: string, now: Date): Promise<Date> {
  const sql = `insert into file_copy (id, failing_since) values ($1, $2)
    on conflict (id) do update set failing_since = coalesce(file_copy.failing_since, excluded.failing_since)
    returning failing_since`;
  const [since = now] = await selectColumn<Date>(db, sql, [id, now]);
  return since;
}

/** Ends the copies of a message that was carried; runs in the transaction that records it. */
export async function removeCopies(db: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.query('delete from file_copy where id = any($1::text[])', [ids]);
}
