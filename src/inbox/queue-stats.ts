// How the log is doing, for metrics and for people.
import type { Queryable } from './database.ts';

export interface QueueStats {
  /** Lanes with anything to be done, also those that wait to try again. */
  readonly busyLanes: number;
  /** Lanes whose first item has failed at least once. */
  readonly retryingLanes: number;
  readonly waitingItems: number;
  /** How long the oldest item not dealt with has been stored; 0 without any. */
  readonly oldestWaitingSeconds: number;
  readonly deadLetters: number;
  readonly liveReplicas: number;
}

/** Counts; reads no more than the lanes that are not idle. */
export async function readQueueStats(pool: Queryable): Promise<QueueStats> {
  const { rows } = await pool.query<QueueStats & Record<string, unknown>>(countQueue);
  const [stats] = rows;
  if (!stats) throw new TypeError('An aggregate without GROUP BY returns one row');
  return stats;
}

/** The first item after `head` is the oldest of its lane, as positions are given out in the order of arrival. */
const countQueue = `
  select count(*)::int as "busyLanes",
    count(*) filter (where lane.attempts > lane.delays)::int as "retryingLanes",
    coalesce(sum(lane.tail - lane.head), 0)::int as "waitingItems",
    coalesce(extract(epoch from now() - min(oldest.received_at)), 0)::float8 as "oldestWaitingSeconds",
    (select count(*)::int from dead_letter) as "deadLetters",
    (select count(*)::int from replica) as "liveReplicas"
  from lane
  left join lateral (
    select received_at from item
    where item.lane_id = lane.id and item.position > lane.head
    order by position limit 1
  ) as oldest on true
  where lane.ready_at is not null`;

/** What waits in lanes whose keys begin alike. */
export interface LanesStats {
  readonly waitingItems: number;
  /** How long the oldest of them has been stored; 0 without any. */
  readonly oldestWaitingSeconds: number;
}

/** Counts the items of some lanes that are not dealt with. */
export async function readLanesStats(pool: Queryable, keyPrefix: string): Promise<LanesStats> {
  const { rows } = await pool.query<LanesStats & Record<string, unknown>>(countLanes, [keyPrefix]);
  return rows[0] ?? { waitingItems: 0, oldestWaitingSeconds: 0 };
}

const countLanes = `
  select coalesce(sum(lane.tail - lane.head), 0)::int as "waitingItems",
    coalesce(extract(epoch from now() - min(oldest.received_at)), 0)::float8 as "oldestWaitingSeconds"
  from lane
  left join lateral (
    select received_at from item
    where item.lane_id = lane.id and item.position > lane.head
    order by position limit 1
  ) as oldest on true
  where lane.ready_at is not null and starts_with(lane.key, $1)`;
