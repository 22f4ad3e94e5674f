// Takes a handled item off its lane, with what the handler records, in one transaction.
import type { ClientBase, Pool } from 'pg';
import { gaveWay, inTransaction, type Queryable } from './database.ts';
import type { ClaimedLane } from './claim.ts';
import type { RecordEffect } from './item.ts';

/** What became of the lane: it has more items, it has none and nobody owns it, or it was no longer ours. */
export type Acknowledged = 'more' | 'idle' | 'lost';

/** Moves the lane's head to `position`; when the lane is lost, writes nothing and runs no `record`. */
export async function acknowledge(
  pool: Pool,
  lane: ClaimedLane,
  position: number,
  record?: RecordEffect,
): Promise<Acknowledged> {
  if (!record) return advanceHead(pool, lane, position);
  return inFencedTransaction(pool, lane, position, record);
}

/**
 * Runs `body` in a transaction that has moved the lane's head, which proves that the lane is ours and holds it so until
 * the commit. When PostgreSQL makes it give way (`body` may lock further lanes by enqueuing), it is run again.
 */
export async function inFencedTransaction(
  pool: Pool,
  lane: ClaimedLane,
  position: number,
  body: (transaction: ClientBase) => Promise<void>,
): Promise<Acknowledged> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(pool, async (transaction) => {
        const result = await advanceHead(transaction, lane, position);
        if (result !== 'lost') await body(transaction);
        return result;
      });
    } catch (error) {
      if (attempt === 5 || !gaveWay(error)) throw error;
    }
  }
}

async function advanceHead(client: Queryable, lane: ClaimedLane, position: number): Promise<Acknowledged> {
  const { rows } = await client.query<{ idle: boolean }>(moveHead, [lane.id, lane.epoch, position]);
  if (!rows[0]) return 'lost';
  return rows[0].idle ? 'idle' : 'more';
}

/**
 * Whether the lane is empty is told by `tail` in the very row being written. A look into `item` would see the table as
 * it was before waiting for the row's lock, and miss what an enqueue has just stored.
 * `head < $3` makes a repetition, after a connection that broke at the commit, harmless.
 */
const moveHead = `
  update lane
  set head = $3,
    attempts = 0,
    first_failed_at = null,
    in_doubt = false,
    last_error_code = null,
    last_error_message = null,
    ready_at = case when tail = $3 then null else ready_at end,
    owner = case when tail = $3 then null else owner end
  where id = $1 and epoch = $2 and head < $3
  returning owner is null as idle`;
