// Takes handled items off their lanes: what is recorded with one in a transaction of its own, others many at a time.
import type { ClientBase, Pool } from 'pg';
import { againWhereItGaveWay, inTransaction, type Queryable } from './database.ts';
import type { LeasedLane } from './lease-lanes.ts';
import type { RecordEffect } from './item.ts';

/** What became of the lane: it is ours and has more items, it has none and no owner, or it is not ours any more. */
export type Acknowledged = 'more' | 'idle' | 'lost';

/** Moves the lane's head to `position`; when the lane is lost, writes nothing and runs no `record`. */
export type Acknowledge = (
  lane: LeasedLane,
  position: number,
  record?: RecordEffect,
) => Promise<Acknowledged>;

interface Waiting {
  readonly lane: LeasedLane;
  readonly position: number;
  readonly answer: PromiseWithResolvers<Acknowledged>;
}

/**
 * Makes the function that acknowledges. Each lane waits for its answer before its next item, so no lane ever has more
 * than one item in doubt; but the lanes whose items are done while a statement is under way share the next one.
 */
export function createAcknowledge(pool: Pool): Acknowledge {
  let waiting: Waiting[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const together = waiting;
      waiting = [];
      try {
        await advanceHeads(pool, together);
      } catch (error) {
        for (const { answer } of together) answer.reject(error);
      }
    }
    writing = false;
  }

  return (lane, position, record) => {
    if (record) return inFencedTransaction(pool, lane, position, record);
    const answer = Promise.withResolvers<Acknowledged>();
    waiting.push({ lane, position, answer });
    if (!writing) void writeAll();
    return answer.promise;
  };
}

/**
 * Runs `body` in a transaction that has moved the lane's head, which proves that the lane is ours and holds it so until
 * the commit. When PostgreSQL makes it give way (`body` may lock further lanes by enqueuing), it is run again.
 */
export function inFencedTransaction(
  pool: Pool,
  lane: LeasedLane,
  position: number,
  body: (transaction: ClientBase) => Promise<void>,
): Promise<Acknowledged> {
  return inTransaction(pool, async (transaction) => {
    const result = await advanceHead(transaction, lane, position);
    if (result !== 'lost') await body(transaction);
    return result;
  });
}

async function advanceHead(client: Queryable, lane: LeasedLane, position: number): Promise<Acknowledged> {
  const { rows } = await client.query<{ idle: boolean }>(moveHead, [lane.id, lane.epoch, position]);
  if (!rows[0]) return 'lost';
  return rows[0].idle ? 'idle' : 'more';
}

async function advanceHeads(pool: Pool, together: readonly Waiting[]): Promise<void> {
  const values = [
    together.map(({ lane }) => lane.id),
    together.map(({ lane }) => lane.epoch),
    together.map(({ position }) => position),
  ];
  const { rows } = await againWhereItGaveWay(() =>
    pool.query<{ id: string; epoch: string; idle: boolean }>(moveHeads, values),
  );
  const moved = new Map(rows.map(({ id, epoch, idle }) => [`${id} ${epoch}`, idle]));
  for (const { lane, position, answer } of together) {
    const idle = moved.get(`${lane.id} ${lane.epoch}`);
    // Passed over: lost, or locked by a transaction that is storing items; then this one alone waits for it.
    if (idle === undefined) advanceHead(pool, lane, position).then(answer.resolve, answer.reject);
    else answer.resolve(idle ? 'idle' : 'more');
  }
}

/**
 * Whether the lane is empty is told by `tail` in the very row being written. A look into `item` would see the table as
 * it was before waiting for the row's lock, and miss what an enqueue has just stored.
 */
const afterHead = (position: string): string => `
    attempts = 0,
    delays = 0,
    owners_died = 0,
    first_failed_at = null,
    in_doubt = false,
    last_error_code = null,
    last_error_message = null,
    ready_at = case when tail = ${position} then null else ready_at end,
    owner = case when tail = ${position} then null else owner end`;

/** `head < $3` makes a repetition, after a connection that broke at the commit, harmless. */
const moveHead = `
  update lane
  set head = $3, ${afterHead('$3')}
  where id = $1 and epoch = $2 and head < $3
  returning owner is null as idle`;

/**
 * SKIP LOCKED: a statement that waits for a lane while it holds others makes them wait too. It does wait at times (see
 * `againWhereItGaveWay`), so the lanes are locked in the order in which others do.
 */
const moveHeads = `
  with given as (
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as given (id, epoch, position)
  ), free as (
    select lane.id, given.epoch, given.position
    from lane join given on given.id = lane.id and given.epoch = lane.epoch
    order by lane.key
    for update of lane skip locked
  )
  update lane
  set head = free.position, ${afterHead('free.position')}
  from free
  where lane.id = free.id and lane.epoch = free.epoch and lane.head < free.position
  returning lane.id, lane.epoch, lane.owner is null as idle`;
