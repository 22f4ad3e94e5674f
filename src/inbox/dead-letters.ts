// The items given up on, for an operator: list, read, retry, discard.
import type { ClientBase } from 'pg';
import type { Queryable } from './database.ts';
import { enqueue } from './enqueue.ts';

/** An item given up on; its payload only with `readDeadLetter`, as it may be about a patient. */
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
}

/** Dead letters, oldest first, after the one with id `after`, of one lane if given. */
export async function listDeadLetters(
  client: Queryable,
  { after = 0, limit, lane }: { after?: number; limit: number; lane?: string },
): Promise<DeadLetter[]> {
  const { rows } = await client.query<DeadLetterRow>(selectPage, [after, lane ?? null, limit]);
  return rows.map(toDeadLetter);
}

/** One dead letter with its payload. */
export async function readDeadLetter(
  client: Queryable,
  id: number,
): Promise<(DeadLetter & { payload: unknown }) | undefined> {
  const { rows } = await client.query<DeadLetterRow & { payload: unknown }>(selectOne, [id]);
  return rows[0] && { ...toDeadLetter(rows[0]), payload: rows[0].payload };
}

/**
 * Puts a dead letter back, within the caller's transaction: as a new item at the tail of its lane. Its old place is
 * gone, as later items have been handled since; so it comes after all that the lane has now, and keeps its source id,
 * from which effects derive their ids. `known`: the same source id has been stored anew since then (its old item had
 * been pruned), so only the dead letter is removed.
 */
export async function retryDeadLetter(
  client: ClientBase,
  id: number,
): Promise<'queued' | 'known' | 'missing'> {
  const { rows } = await client.query<DeadLetterRow & { payload: unknown }>(takeOne, [id]);
  const [row] = rows;
  if (!row) return 'missing';
  const { lane_key: lane, source, source_id: sourceId, payload } = row;
  const { stored } = await enqueue(client, [{ lane, source, sourceId, payload }]);
  return stored === 1 ? 'queued' : 'known';
}

/** Forgets a dead letter; false when it is not there. It stays known as a duplicate until pruned. */
export async function discardDeadLetter(client: Queryable, id: number): Promise<boolean> {
  const { rowCount } = await client.query('delete from dead_letter where id = $1', [id]);
  return rowCount === 1;
}

const columns = `id, lane_key, position, source, source_id, attempts, error_code, error_message, received_at, given_up_at`;

const selectPage = `
  select ${columns} from dead_letter
  where id > $1 and ($2::text is null or lane_key = $2)
  order by id
  limit $3`;

const selectOne = `select ${columns}, payload from dead_letter where id = $1`;

/** Also removes the item the copy was made from, if not pruned yet: it would make the new one a duplicate. */
const takeOne = `
  with taken as (
    delete from dead_letter where id = $1 returning *
  ), forgotten as (
    delete from item using taken where item.lane_id = taken.lane_id and item.position = taken.position
  )
  select ${columns}, payload from taken`;

interface DeadLetterRow {
  id: string;
  lane_key: string;
  position: string;
  source: string;
  source_id: string;
  attempts: number;
  error_code: string;
  error_message: string;
  received_at: Date;
  given_up_at: Date;
}

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  return {
    id: Number(row.id),
    lane: row.lane_key,
    position: Number(row.position),
    source: row.source,
    sourceId: row.source_id,
    attempts: row.attempts,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    receivedAt: row.received_at,
    givenUpAt: row.given_up_at,
  };
}
