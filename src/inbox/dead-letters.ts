// The items given up on, for an operator: list, retry, discard.
import type { ClientBase } from 'pg';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Queryable } from './database.ts';
import type { Enqueue } from './enqueue.ts';
import { itemRow } from './item-payload.ts';
import type { NewItem } from './item.ts';

/** An item given up on, without its payload: that may be about a patient. */
export interface DeadLetter {
  readonly id: number;
  readonly lane: string;
  readonly position: number;
  readonly source: string;
  readonly sourceId: string;
  readonly attempts: number;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly receivedAt: Date;
  readonly givenUpAt: Date;
  /** When its content was removed, since then it cannot be tried again; undefined as long as it is there. */
  readonly emptiedAt: Date | undefined;
}

/** As the driver gives it. */
type LetterRow = Omit<DeadLetter, 'emptiedAt'> & { readonly emptiedAt: Date | null };

/** What an item was, without its payload. */
export type DeadItem = Pick<NewItem, 'source' | 'sourceId'>;

/** Dead letters, oldest first, after the one with id `after`. */
export async function listDeadLetters(
  client: Queryable,
  { after = 0, limit }: { after?: number; limit: number },
): Promise<DeadLetter[]> {
  const { rows } = await client.query<LetterRow>(selectPage, [after, limit]);
  return rows.map(({ emptiedAt, ...letter }) => ({ ...letter, emptiedAt: emptiedAt ?? undefined }));
}

/**
 * Puts a dead letter back, within the caller's transaction: as a new item at the tail of its lane. Its old place is
 * gone, as later items have been handled since; so it comes after all that the lane has now, and keeps its source id,
 * from which effects derive their ids. `known`: the same source id has been stored anew since then (its old item had
 * been pruned), so only the dead letter is removed. `emptied`: its content was removed, so it stays as it is.
 * @param also what is to be stored with it
 * @throws BridgeError when its payload cannot be decrypted; it stays a dead letter
 */
export type RetryDeadLetter = (
  client: ClientBase,
  id: number,
  also?: (item: DeadItem) => readonly NewItem[],
) => Promise<'queued' | 'known' | 'missing' | 'emptied'>;

/** Creates what puts dead letters back. */
export function createRetryDeadLetter({
  enqueue,
  payloads,
}: {
  readonly enqueue: Enqueue;
  readonly payloads: Pick<PayloadCodec, 'decode'>;
}): RetryDeadLetter {
  return async (client, id, also = () => []) => {
    const { rows } = await client.query<Omit<NewItem, 'payload'> & { stored: unknown }>(takeOne, [id]);
    const [taken] = rows;
    if (taken === undefined) {
      const { rowCount } = await client.query('select from dead_letter where id = $1', [id]);
      return rowCount === 1 ? 'emptied' : 'missing';
    }
    const { stored, ...item } = taken;
    const again = { ...item, payload: payloads.decode(itemRow(item), stored) };
    const { duplicates } = await enqueue(client, [again, ...also(item)]);
    return duplicates === 0 ? 'queued' : 'known';
  };
}

/** Forgets a dead letter. @returns what it was; undefined when it is not there. It stays known as a duplicate until pruned. */
export async function discardDeadLetter(client: Queryable, id: number): Promise<DeadItem | undefined> {
  const sql = 'delete from dead_letter where id = $1 returning source, source_id as "sourceId"';
  return (await client.query<DeadItem & Record<string, unknown>>(sql, [id])).rows[0];
}

/** PostgreSQL's bigint would come as a string. */
const columns = `
  id::float8, lane_key as lane, position::float8, source, source_id as "sourceId", attempts,
  error_code as "errorCode", error_message as "errorMessage",
  received_at as "receivedAt", given_up_at as "givenUpAt", emptied_at as "emptiedAt"`;

const selectPage = `
  select ${columns} from dead_letter
  where id > $1
  order by dead_letter.id
  limit $2`;

/** Also removes the item the copy was made from, if not pruned yet: it would make the new one a duplicate. */
const takeOne = `
  with taken as (
    delete from dead_letter where id = $1 and emptied_at is null returning *
  ), forgotten as (
    delete from item using taken where item.lane_id = taken.lane_id and item.position = taken.position
  )
  select lane_key as lane, source, source_id as "sourceId", payload as stored from taken`;
