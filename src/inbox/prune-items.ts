// Removes handled items once they are old enough. Until then they are the memory against duplicates.
import type { Queryable } from './database.ts';

/**
 * Deletes items dealt with that were stored before `olderThan`, `batch` per statement, and returns how many. Something
 * delivered again after its item was pruned is taken for new, so keep them for longer than any source looks back.
 */
export async function pruneItems(
  pool: Queryable,
  options: { olderThan: Date; batch: number },
): Promise<number> {
  let pruned = 0;
  for (;;) {
    const { rowCount } = await pool.query(deleteOldest, [options.olderThan, options.batch]);
    pruned += rowCount ?? 0;
    if ((rowCount ?? 0) < options.batch) return pruned;
  }
}

/** Small batches keep the locks short and let autovacuum follow. No lane is locked: `head` only ever goes up. */
const deleteOldest = `
  delete from item
  where (lane_id, position) in (
    select item.lane_id, item.position
    from item join lane on lane.id = item.lane_id
    where item.received_at < $1 and item.position <= lane.head
    order by item.received_at
    limit $2
  )`;
