// Takes ready lanes for a replica, together with their first items.
import type { History } from './item.ts';
import { againWhereItGaveWay, type Queryable } from './database.ts';
import type { StoredItem } from './item-payload.ts';

/** A lane one replica works on, with the history of its first item, until it lets go of it or another lease raises the epoch. */
export interface LeasedLane extends Omit<History, 'failingSinceMs'> {
  readonly id: number;
  readonly key: string;
  readonly epoch: number;
  /** Position of the last item dealt with. */
  readonly head: number;
  /** How long ago the first attempt at that item failed; 0 without any. */
  readonly failingForMs: number;
  /** True when everything in it was bulk as it was leased. */
  readonly isBulk: boolean;
  /** True when the lane's owner died holding it. */
  readonly takenOver: boolean;
  /** The first items after `head`; there may be more. */
  readonly items: readonly StoredItem[];
}

/** How many items come with a lease, and with each further look. */
const itemsAtOnce = 20;

/** Leases up to `limit` lanes for `replica`, those waiting longest first; of bulk lanes `bulkLimit` at most. */
export async function leaseLanes(
  client: Queryable,
  replica: number,
  limit: number,
  bulkLimit: number = limit,
): Promise<LeasedLane[]> {
  const values = [replica, limit, Math.min(bulkLimit, limit), itemsAtOnce];
  const { rows } = await againWhereItGaveWay(() => client.query<LeasedRow>(leaseReadyLanes, values));
  const lanes = new Map<number, LeasedLane & { items: StoredItem[] }>();
  for (const { position, source, sourceId, stored, receivedAt, failures, ...row } of rows) {
    const failedWith = failures?.head === row.head ? failures.codes : {};
    const lane = lanes.get(row.id) ?? { ...row, failedWith, items: [] };
    lanes.set(row.id, lane);
    if (position !== null) {
      lane.items.push({ lane: row.key, position, source, sourceId, stored, receivedAt });
    }
  }
  return [...lanes.values()];
}

/** Gives back lanes of which nothing was tried, for any replica to take after a while. */
export async function giveBackUntouched(
  client: Queryable,
  lanes: readonly LeasedLane[],
  afterMs: number,
): Promise<void> {
  const values = [lanes.map(({ id }) => id), lanes.map(({ epoch }) => epoch), afterMs];
  await againWhereItGaveWay(() => client.query(disownUntouched, values));
}

type ItemRow = Omit<StoredItem, 'lane'>;

/** A lane with one of its items; `position` is null if it has none. */
type LeasedRow = Omit<LeasedLane, 'failedWith' | 'items'> &
  Omit<ItemRow, 'position'> & {
    readonly position: number | null;
    /** Of the item after a head, which need not be the lane's any more. */
    readonly failures: { readonly head: number; readonly codes: Readonly<Record<string, number>> } | null;
  };

/** The next items of a lane after position `head`. */
export async function readItems(
  client: Queryable,
  lane: Pick<LeasedLane, 'id' | 'key'>,
  head: number,
): Promise<StoredItem[]> {
  const { rows } = await client.query<ItemRow>(itemsAfter, [lane.id, head, itemsAtOnce]);
  return rows.map((row) => ({ lane: lane.key, ...row }));
}

/** PostgreSQL's bigint would come as a string. */
const itemColumns =
  'position::float8, source, source_id as "sourceId", payload as stored, received_at as "receivedAt"';

/**
 * SKIP LOCKED: no replica waits for a lane that another one is leasing or that is being written to.
 * A lane whose owner has no row in `replica` is free, and a replica whose own row is gone may lease none.
 * `seen` is the lane as it was when the statement began, whereas FOR UPDATE goes on with its newest version: were a
 * replica to start and lease the lane in between, its row would be too new for us to see, and the lane look
 * abandoned. Equal epochs rule that out.
 * A replica of the version before leaves the delays behind when it takes an item off: attempts are the most they can be.
 * Deaths of owners are counted: else an item that kills its process would kill one after the other, for ever. They are no
 * failures, after which the lane would have to wait longer.
 */
const leaseReadyLanes = `
  with prompt as (
    ${freeLanes({ bulk: false, limit: '$2' })}
  ), bulk as (
    ${freeLanes({ bulk: true, limit: '$3' })}
  ), picked as (
    select * from prompt union all select * from bulk
    order by ready_at, id
    limit $2
  ), leased as (
    update lane
    set owner = $1,
      epoch = epoch + 1,
      in_doubt = in_doubt or picked.taken_over,
      attempts = attempts + picked.taken_over::int,
      delays = least(delays, attempts) + picked.taken_over::int,
      owners_died = owners_died + picked.taken_over::int
    from picked
    where lane.id = picked.id
    returning lane.id, lane.key, lane.epoch, lane.head, lane.attempts, lane.delays, lane.owners_died, lane.in_doubt, lane.ready_at, lane.failed_with, lane.bulk,
      picked.taken_over,
      coalesce(extract(epoch from now() - lane.first_failed_at) * 1000, 0)::float8 as failing_for_ms
  )
  select leased.id::float8, leased.key, leased.epoch::float8, leased.head::float8, leased.attempts,
    least(leased.delays, leased.attempts) as delays, leased.owners_died as "ownersDied", leased.failed_with as failures,
    leased.in_doubt as "inDoubt", leased.bulk as "isBulk", leased.taken_over as "takenOver", leased.failing_for_ms as "failingForMs", next.*
  from leased
  left join lateral (
    select ${itemColumns}
    from item
    where item.lane_id = leased.id and item.position > leased.head
    order by item.position
    limit $4
  ) as next on true
  order by leased.ready_at, leased.id, next.position`;

/**
 * A lane that another replica took since has another epoch. Lanes are locked in the order of their keys, as where items are
 * stored: none may be skipped, and two that wait for each other's would deadlock.
 */
const disownUntouched = `
  with untouched as (
    select lane.id
    from lane
    join unnest($1::bigint[], $2::bigint[]) as given (id, epoch) on given.id = lane.id and given.epoch = lane.epoch
    order by lane.key
    for update of lane
  )
  update lane
  set owner = null, ready_at = now() + $3 * interval '1 millisecond'
  from untouched
  where lane.id = untouched.id`;

/** Each kind of lane is read from its own end of the index: those of the other kind are not gone through, however many wait. */
function freeLanes({ bulk, limit }: { readonly bulk: boolean; readonly limit: string }): string {
  return `select lane.id, lane.ready_at, lane.owner is not null as taken_over
    from lane
    join lane as seen on seen.id = lane.id and seen.epoch = lane.epoch
    where lane.ready_at <= now() and ${bulk ? 'lane.bulk' : 'not lane.bulk'}
      and (lane.owner is null or not exists (select from replica where replica.id = lane.owner))
      and exists (select from replica where replica.id = $1)
    order by lane.ready_at, lane.id
    limit ${limit}
    for update of lane skip locked`;
}

/** Only what follows `head` exists for a worker: so a failing item lets no later one pass. */
const itemsAfter = `
  select ${itemColumns}
  from item
  where lane_id = $1 and position > $2
  order by item.position
  limit $3`;
