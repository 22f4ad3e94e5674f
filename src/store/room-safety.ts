// Of the table of rooms: since when a room is not safe to send into.
import type { FhirReference } from '../domain/ids.ts';
import { selectColumn, type Queryable } from './database.ts';

/**
 * Records that a room is not safe, or is so.
 * @param now undefined where it is safe
 * @returns since when it is unsafe
 */
export async function saveUnsafeSince(
  db: Queryable,
  reference: FhirReference,
  now: Date | undefined,
): Promise<Date | undefined> {
  const sql = `update room set unsafe_since = case when $2::timestamptz is not null then coalesce(unsafe_since, $2) end
    where reference = $1 returning unsafe_since`;
  const [since] = await selectColumn<Date | null>(db, sql, [reference, now]);
  return since ?? undefined;
}
