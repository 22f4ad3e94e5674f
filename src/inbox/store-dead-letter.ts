// Gives an item up: copied for an operator to read, taken off its lane, its sender told - all or nothing.
import type { Pool } from 'pg';
import { inFencedTransaction, type Acknowledged } from './acknowledge.ts';
import type { LeasedLane } from './lease-lanes.ts';
import type { Item, ItemError, OnDeadLetter, RecordEffect } from './item.ts';

/** The item to be given up, and what else belongs into the transaction. */
export interface NewDeadLetter {
  readonly item: Item;
  readonly attempts: number;
  readonly error: ItemError;
  readonly record?: RecordEffect | undefined;
  readonly onDeadLetter?: OnDeadLetter | undefined;
}

/** Stores the dead letter; when the lane is lost, writes nothing. */
export function storeDeadLetter(pool: Pool, lane: LeasedLane, letter: NewDeadLetter): Promise<Acknowledged> {
  const { item, attempts, error, record, onDeadLetter } = letter;
  return inFencedTransaction(pool, lane, item.position, async (transaction) => {
    await transaction.query(copyItem, [lane.id, item.position, attempts, error.code, error.message]);
    await record?.(transaction);
    await onDeadLetter?.(transaction, item, error);
  });
}

/** From the table and not from memory, so that the payload is copied to the letter. */
const copyItem = `
  insert into dead_letter (lane_id, lane_key, position, source, source_id, payload, received_at, attempts, error_code,
    error_message)
  select lane_id, lane.key, position, source, source_id, payload, received_at, $3, $4, $5
  from item join lane on lane.id = item.lane_id
  where lane_id = $1 and position = $2`;
