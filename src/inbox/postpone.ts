// Lets go of a lane whose first item is not dealt with: to try again later, or to leave it to any replica.
import type { Queryable } from './database.ts';
import type { LeasedLane } from './lease-lanes.ts';
import type { ItemError } from './item.ts';
import { laneReadyChannel } from './notify.ts';

/** A failed attempt at the item after `head`. */
export interface Postponement {
  readonly head: number;
  readonly delayMs: number;
  readonly error: ItemError;
  /** The attempt may have had its effect. */
  readonly inDoubt: boolean;
  /** How many attempts have failed with each code, this one counted. */
  readonly failedWith: Readonly<Record<string, number>>;
}

/** Makes the whole lane wait; false when it was no longer ours, or its head has moved on. */
export async function postpone(client: Queryable, lane: LeasedLane, failed: Postponement): Promise<boolean> {
  const { head, delayMs, error, inDoubt, failedWith: codes } = failed;
  const failedWith = JSON.stringify({ head, codes });
  const values = [lane.id, lane.epoch, head, delayMs, error.code, error.message, inDoubt, failedWith];
  const { rowCount } = await client.query(waitAndCount, values);
  return rowCount === 1;
}

/** Makes the whole lane wait without a failure; false when it was no longer ours, or its head has moved on. */
export async function putOffLane(
  client: Queryable,
  lane: LeasedLane,
  head: number,
  delayMs: number,
): Promise<boolean> {
  const { rowCount } = await client.query(waitUncounted, [lane.id, lane.epoch, head, delayMs]);
  return rowCount === 1;
}

/** Puts the lane at the end of the queue of ready lanes. Does nothing when the lane is not ours (any more). */
export async function release(client: Queryable, lane: LeasedLane, replica: number): Promise<void> {
  await client.query(disown, [lane.id, lane.epoch, replica, laneReadyChannel]);
}

/** `head = $3`: the attempt is counted for the item it was made at, and for no other. */
const waitAndCount = `
  update lane
  set attempts = attempts + 1,
    owners_died = 0,
    first_failed_at = coalesce(first_failed_at, now()),
    in_doubt = in_doubt or $7,
    last_error_code = $5,
    last_error_message = $6,
    failed_with = $8,
    ready_at = now() + $4 * interval '1 millisecond',
    owner = null
  where id = $1 and epoch = $2 and head = $3`;

/** What is known of failures stays: an item that failed before may be put off, and fail again. */
const waitUncounted = `
  update lane
  set attempts = attempts + 1,
    delays = delays + 1,
    owners_died = 0,
    ready_at = now() + $4 * interval '1 millisecond',
    owner = null
  where id = $1 and epoch = $2 and head = $3`;

/** An idle lane has no owner, so `owner = $3` also keeps it from becoming ready again. */
const disown = `
  with released as (
    update lane set owner = null, ready_at = now() where id = $1 and epoch = $2 and owner = $3 returning id
  )
  select pg_notify($4, '') from released`;
