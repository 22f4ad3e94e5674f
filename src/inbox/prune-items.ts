// Removes handled items once they are old enough. Until then they are the memory against duplicates.
import type { Queryable } from './database.ts';

/**
 * Deletes items dealt with that were stored before an instant, at most `batch` of them, and returns how many. Something
 * delivered again after its item was pruned is taken for new, so keep them for longer than any source looks back.
 */
export async function pruneItems(db: Queryable, before: Date, batch: number): Promise<number> {
  return (await db.query(deleteOldest, [before, batch])).rowCount ?? 0;
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
