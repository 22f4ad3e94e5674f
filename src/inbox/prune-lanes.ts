// Removes lanes that are empty: idle, with all their items pruned, and no dead letter that may come back.
import type { Queryable } from './database.ts';

/** Lanes that were looked at. */
export interface LookedAt {
  /** Those of them that were removed. */
  readonly removed: readonly string[];
  /** The id of the last one; undefined when there are no more. */
  readonly last: string | undefined;
}

/**
 * Looks at up to `batch` lanes after the one with id `after`, and removes those that are empty. A lane that something is stored in
 * at the same time stays: its row is locked then.
 */
export async function pruneLanes(
  tx: Queryable,
  { after, batch }: { readonly after: string; readonly batch: number },
): Promise<LookedAt> {
  const { rows } = await tx.query<{ last: string | null; removed: string[] | null }>(removeEmpty, [
    after,
    batch,
  ]);
  return { removed: rows[0]?.removed ?? [], last: rows[0]?.last ?? undefined };
}

/**
 * `tail` is compared once the row is locked: whatever was stored since the statement began has raised it. The key may be stored into
 * at once again, as a new lane whose positions begin anew. Whether there is an item is asked for each lane by the index, which
 * `not exists` leaves to the planner.
 */
const removeEmpty = `
  with looked_at as (
    select id, tail from lane where id > $1 order by id limit $2
  ), free as (
    select lane.id from lane join looked_at on looked_at.id = lane.id
    where lane.ready_at is null and lane.owner is null and lane.tail = looked_at.tail
      and (select position from item where item.lane_id = looked_at.id limit 1) is null
      and (select id from dead_letter where dead_letter.lane_id = looked_at.id limit 1) is null
    for update of lane skip locked
  ), removed as (
    delete from lane using free where lane.id = free.id returning lane.key
  )
  select (select max(id)::text from looked_at) as last, (select array_agg(key) from removed) as removed`;
