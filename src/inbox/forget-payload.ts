// Forgets what an item says, where it turned out to be none of the bridge's business; that it was there is kept against duplicates.
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Queryable } from './database.ts';
import { itemRow } from './item-payload.ts';

/** Empties the payload of an item; in the transaction that takes it off its lane, so that no one handles it again. */
export type ForgetPayload = (tx: Queryable, source: string, sourceId: string) => Promise<void>;

/** Creates what forgets. */
export function createForgetPayload(payloads: Pick<PayloadCodec, 'encode'>): ForgetPayload {
  return async (tx, source, sourceId) => {
    const sql = 'update item set payload = $3 where source = $1 and source_id = $2';
    await tx.query(sql, [source, sourceId, payloads.encode(itemRow({ source, sourceId }), {})]);
  };
}
