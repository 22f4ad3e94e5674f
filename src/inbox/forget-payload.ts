// Forgets what an item says, where it turned out to be none of the bridge's business; that it was there is kept against duplicates.
import type { Queryable } from './database.ts';

/** Empties the payload of an item; in the transaction that takes it off its lane, so that no one handles it again. */
export async function forgetPayload(tx: Queryable, source: string, sourceId: string): Promise<void> {
  await tx.query(`update item set payload = '{}' where source = $1 and source_id = $2`, [source, sourceId]);
}
