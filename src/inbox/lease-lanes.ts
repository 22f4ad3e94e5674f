// Takes ready lanes for a replica, together with their first items.
import type { JsonValue } from '../domain/json.ts';
import type { Item } from './item.ts';
import type { Queryable } from './database.ts';

/** A lane one replica works on, until it lets go of it or another lease raises the epoch. */
export interface LeasedLane {
  readonly id: number;
  readonly key: string;
  readonly epoch: number;
  /** Position of the last item dealt with. */
  readonly head: number;
  /** Attempts the first item has behind it. */
  readonly attempts: number;
  /** How many of them put it off to later without having failed. */
  readonly delays: number;
  /** How many of the last ones ended with their replica. */
  readonly ownersDied: number;
  /** How long ago the first of them failed; 0 without any. */
  readonly failingForMs: number;
  readonly inDoubt: boolean;
  /** True when the lane's owner died holding it. */
  readonly takenOver: boolean;
  /** The first items after `head`; there may be more. */
  readonly items: readonly Item[];
}

/** How many items come with a lease, and with each further look. */
const itemsAtOnce = 20;

/** Leases up to `limit` lanes for `replica`, those waiting longest first. */
export async function leaseLanes(client: Queryable, replica: number, limit: number): Promise<LeasedLane[]> {
  const { rows } = await client.query<LeasedRow>(leaseReadyLanes, [replica, limit, itemsAtOnce]);
  const lanes = new Map<string, LeasedLane & { items: Item[] }>();
  for (const row of rows) {
    let lane = lanes.get(row.lane_id);
    if (!lane) lanes.set(row.lane_id, (lane = toLane(row)));
    if (row.position !== null) lane.items.push(toItem(row.key, { ...row, position: row.position }));
  }
  return [...lanes.values()];
}

/** The next items of a lane after position `head`. */
export async function readItems(
  client: Queryable,
  lane: Pick<LeasedLane, 'id' | 'key'>,
  head: number,
): Promise<Item[]> {
  const { rows } = await client.query<ItemRow>(itemsAfter, [lane.id, head, itemsAtOnce]);
  return rows.map((row) => toItem(lane.key, row));
}

/**
 * SKIP LOCKED: no replica waits for a lane that another one is leasing or that is being written to.
 * A lane whose owner has no row in `replica` is free, and a replica whose own row is gone may lease none.
 * `seen` is the lane as it was when the statement began, whereas FOR UPDATE goes on with its newest version: were a
 * replica to start and lease the lane in between, its row would be too new for us to see, and the lane look
 * abandoned. Equal epochs rule that out.
 * Deaths of owners are counted: else an item that kills its process would kill one after the other, for ever.
 */
const leaseReadyLanes = `
  with picked as (
    select lane.id, lane.owner is not null as taken_over
    from lane
    join lane as seen on seen.id = lane.id and seen.epoch = lane.epoch
    where lane.ready_at <= now()
      and (lane.owner is null or not exists (select from replica where replica.id = lane.owner))
      and exists (select from replica where replica.id = $1)
    order by lane.ready_at
    limit $2
    for update of lane skip locked
  ), leased as (
    update lane
    set owner = $1,
      epoch = epoch + 1,
      in_doubt = in_doubt or picked.taken_over,
      attempts = attempts + picked.taken_over::int,
      owners_died = owners_died + picked.taken_over::int
    from picked
    where lane.id = picked.id
    returning lane.id, lane.key, lane.epoch, lane.head, lane.attempts, lane.delays, lane.owners_died, lane.in_doubt, lane.ready_at,
      picked.taken_over,
      coalesce(extract(epoch from now() - lane.first_failed_at) * 1000, 0)::float8 as failing_for_ms
  )
  select leased.id as lane_id, leased.key, leased.epoch, leased.head, leased.attempts, leased.delays, leased.owners_died, leased.in_doubt,
    leased.taken_over, leased.failing_for_ms, next.*
  from leased
  left join lateral (
    select position, source, source_id, payload, received_at
    from item
    where item.lane_id = leased.id and item.position > leased.head
    order by position
    limit $3
  ) as next on true
  order by leased.ready_at, leased.id, next.position`;

/** Only what follows `head` exists for a worker: so a failing item lets no later one pass. */
const itemsAfter = `
  select position, source, source_id, payload, received_at
  from item
  where lane_id = $1 and position > $2
  order by position
  limit $3`;

/** PostgreSQL's bigint comes as a string. */
interface ItemRow {
  position: string;
  source: string;
  source_id: string;
  payload: JsonValue;
  received_at: Date;
}

interface LeasedRow extends Omit<ItemRow, 'position'> {
  lane_id: string;
  key: string;
  epoch: string;
  head: string;
  attempts: number;
  delays: number;
  owners_died: number;
  in_doubt: boolean;
  taken_over: boolean;
  failing_for_ms: number;
  position: string | null;
}

function toLane(row: LeasedRow): LeasedLane & { items: Item[] } {
  return {
    id: Number(row.lane_id),
    key: row.key,
    epoch: Number(row.epoch),
    head: Number(row.head),
    attempts: row.attempts,
    // A replica of the version before leaves the delays behind when it takes an item off.
    delays: Math.min(row.delays, row.attempts),
    ownersDied: row.owners_died,
    failingForMs: row.failing_for_ms,
    inDoubt: row.in_doubt,
    takenOver: row.taken_over,
    items: [],
  };
}

function toItem(lane: string, row: ItemRow): Item {
  return {
    lane,
    position: Number(row.position),
    source: row.source,
    sourceId: row.source_id,
    payload: row.payload,
    receivedAt: row.received_at,
  };
}
