// Asks which of some things the log has stored before.
import type { JsonValue } from '../domain/json.ts';
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

/** Tells whether a lane has, or had until it was pruned, an item of this source whose payload has this part. */
export async function hasItemWith(
  client: Queryable,
  { lane, source }: { readonly lane: string; readonly source: string },
  part: JsonValue,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from item join lane on lane.id = lane_id
     where lane.key = $1 and source = $2 and payload::jsonb @> $3 limit 1`,
    [lane, source, JSON.stringify(part)],
  );
  return rowCount === 1;
}
