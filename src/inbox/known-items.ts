// Asks which of some things the log has stored before.
import type { Queryable } from './database.ts';

/** Of these source ids, those that are stored, handled or not; what was pruned is forgotten. */
export async function knownSourceIds(
  client: Queryable,
  source: string,
  sourceIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ source_id: string }>(
    'select source_id from item where source = $1 and source_id = any($2::text[])',
    [source, sourceIds],
  );
  return new Set(rows.map((row) => row.source_id));
}
