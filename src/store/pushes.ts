// The row that tells whether the homeserver's pushes may be taken as they come: transactions in sequence, on connections that
// have lasted since the one before.
import type { PushOrder } from '../domain/matrix.ts';
import { selectColumn, type Queryable } from './database.ts';

/**
 * Enters a transaction, in the transaction that stores what it brings; two wait for each other here.
 * @returns whether the order is certain: this one follows the last that was entered, on a connection that was there when the last one
 *   came, and every doubt before is settled
 */
export async function enterPush(tx: Queryable, { number, connectedAt }: PushOrder): Promise<boolean> {
  const sql = `insert into matrix_push as pushed (last_txn_id) values ($1)
    on conflict (is_only_row) do update set
      doubts = pushed.doubts + case
        when pushed.last_txn_id + 1 = $1 and pushed.received_at > $2 then 0 else 1 end,
      last_txn_id = $1, received_at = now()
    returning doubts = proven_up_to`;
  const [isCertain] = await selectColumn<boolean>(tx, sql, [number ?? null, connectedAt]);
  return isCertain === true;
}

/** How often there was reason to doubt. */
export async function countDoubts(db: Queryable): Promise<string> {
  return (await selectColumn<string>(db, 'select doubts from matrix_push'))[0] ?? '0';
}

/** Settles the doubts up to a number of them, unless there are more by now. */
export async function settleDoubts(db: Queryable, doubts: string): Promise<void> {
  await db.query('update matrix_push set proven_up_to = $1 where doubts = $1 and proven_up_to <> $1', [
    doubts,
  ]);
}
