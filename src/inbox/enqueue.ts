// Stores items at the tails of their lanes, within the caller's transaction.
import type { ClientBase } from 'pg';
import { laneReadyChannel } from './notify.ts';
import { longestPauseMs } from './database.ts';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import { itemRow } from './item-payload.ts';
import type { NewItem } from './item.ts';

/** How many items were stored, and how many were there already. */
interface Enqueued {
  readonly stored: number;
  readonly duplicates: number;
}

/**
 * Stores what is not stored yet and wakes the replicas when the caller's transaction commits; until then every lane it
 * touches is locked, so keep that short: PostgreSQL ends it after a pause of 5 s. The transaction must be READ COMMITTED, PostgreSQL's default. Items of one
 * lane keep their order. Call it once per transaction: two calls may lock lanes in the opposite order to another
 * transaction's, which PostgreSQL ends by failing one of them; `inTransaction` runs that one again.
 */
export type Enqueue = (client: ClientBase, items: readonly NewItem[]) => Promise<Enqueued>;

/** Creates what stores items. */
export function createEnqueue(payloads: Pick<PayloadCodec, 'encode'>): Enqueue {
  return async (client, items) => {
    if (items.length === 0) return { stored: 0, duplicates: 0 };
    await client.query(lockLanes, [[...new Set(items.map((item) => item.lane))], String(longestPauseMs)]);
    const { rows } = await client.query<{ stored: number }>(storeItems, [
      items.map((item) => item.lane),
      items.map((item) => item.source),
      items.map((item) => item.sourceId),
      items.map((item) => payloads.encode(itemRow(item), item.payload)),
      items.map(({ isBulk = false }) => isBulk),
      laneReadyChannel,
    ]);
    const stored = rows[0]?.stored ?? 0;
    return { stored, duplicates: items.length - stored };
  };
}

/**
 * Creates missing lanes and locks all of them, in the order of their keys so that two transactions never wait for each
 * other. `where false` locks the row of a lane that is there already without writing a new version of it.
 */
const lockLanes = `
  insert into lane (key)
  select key
  from unnest($1::text[]) as key,
    (select set_config('idle_in_transaction_session_timeout', $2, true)) as for_this_transaction
  order by key
  on conflict (key) do update set key = excluded.key where false`;

/**
 * A statement of its own, after the lock: only so does it see what the previous holders of the lock have stored.
 * Positions come from the locked `tail` and not from a sequence, whose numbers are drawn before commit: so the order of
 * positions is the order of commits. `tail` goes up to the highest position really stored: one above it would keep the
 * lane busy for ever. That differs from counting when the same source id is given twice, or at the same moment for
 * another lane; then a position is left out, which does no harm.
 * A lane is bulk as long as all is bulk that was stored in it since it was idle.
 * Nobody is woken for a lane that has an owner, because the owner looks again before letting it go.
 */
const storeItems = `
  with incoming as (
    select lane.id as lane_id, lane.tail, given.*
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
      with ordinality as given (lane_key, source, source_id, payload, is_bulk, ordinal)
    join lane on lane.key = given.lane_key
    where not exists (
      select from item where item.source = given.source and item.source_id = given.source_id
    )
  ), stored as (
    insert into item (lane_id, position, source, source_id, payload)
    select lane_id, tail + row_number() over (partition by lane_id order by ordinal), source, source_id, payload::json
    from incoming
    order by ordinal
    on conflict (source, source_id) do nothing
    returning lane_id, position, source, source_id
  ), grown as (
    update lane
    set tail = last.position,
      ready_at = coalesce(ready_at, now()),
      bulk = last.is_bulk and (ready_at is null or bulk)
    from (
      select stored.lane_id, max(position) as position, bool_and(is_bulk) as is_bulk
      from stored join incoming using (source, source_id)
      group by stored.lane_id
    ) as last
    where lane.id = last.lane_id
    returning lane.owner
  )
  select
    (select count(*)::int from stored) as stored,
    case when exists (select from grown where owner is null) then pg_notify($6, '') end`;
