// Asks which of some things the log has stored before.
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Queryable } from './database.ts';
import { itemRow } from './item-payload.ts';

/** Of these source ids, those that are stored, handled or not; what was pruned is forgotten. */
export async function knownSourceIds(
  client: Queryable,
  source: string,
  sourceIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ source_id: string }>(
    'select source_id from item where source = $1 and source_id = any($2::text[])',
    [source, sourceIds],
  );
  return new Set(rows.map((row) => row.source_id));
}

/** Tells whether a lane has, or had until it was pruned, an item of this source with such a payload. */
export type HasItem = (
  client: Queryable,
  where: { readonly lane: string; readonly source: string },
  isIt: (payload: unknown) => boolean,
) => Promise<boolean>;

/** How many payloads are in memory at one time. */
const payloadsAtOnce = 100;

/** Creates what looks into payloads. As they may be encrypted, it reads all of the lane, a part at a time. */
export function createHasItem(payloads: Pick<PayloadCodec, 'decode'>): HasItem {
  return async (client, { lane, source }, isIt) => {
    for (let after = 0; ;) {
      const { rows } = await client.query<{ position: number; sourceId: string; stored: unknown }>(
        `select position::float8, source_id as "sourceId", payload as stored
         from item join lane on lane.id = lane_id
         where lane.key = $1 and source = $2 and position > $3 order by position limit $4`,
        [lane, source, after, payloadsAtOnce],
      );
      if (rows.some(({ sourceId, stored }) => isIt(payloads.decode(itemRow({ source, sourceId }), stored))))
        return true;
      if (rows.length < payloadsAtOnce) return false;
      after = rows.at(-1)?.position ?? after;
    }
  };
}

/** Tells whether items of this source stand in a lane and are not handled yet. */
export async function hasUnhandled(
  client: Queryable,
  { lane, source }: { readonly lane: string; readonly source: string },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from item join lane on lane.id = lane_id
     where lane.key = $1 and source = $2 and position > lane.head limit 1`,
    [lane, source],
  );
  return rowCount === 1;
}

/** Those of these lanes in which items wait to be handled. */
export async function findBusyLanes(
  client: Queryable,
  lanes: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ key: string }>(
    'select key from lane where key = any ($1::text[]) and ready_at is not null',
    [lanes],
  );
  return new Set(rows.map(({ key }) => key));
}

/** Where an item stands in the log. */
export interface LoggedItem {
  readonly lane: string;
  readonly position: number;
  /** Whether it was dealt with, in whatever way. */
  readonly handled: boolean;
}

/** Where the items with these source ids stand; no entry for one that is not stored, or was pruned. */
export async function findLogged(
  client: Queryable,
  source: string,
  sourceIds: readonly string[],
): Promise<ReadonlyMap<string, LoggedItem>> {
  const { rows } = await client.query<LoggedItem & { sourceId: string }>(
    `select source_id as "sourceId", lane.key as lane, position::float8, position <= lane.head as handled
     from item join lane on lane.id = item.lane_id
     where source = $1 and source_id = any ($2::text[])`,
    [source, sourceIds],
  );
  return new Map(rows.map(({ sourceId, ...logged }) => [sourceId, logged]));
}

/** The position of the last item of a lane that is committed by now; 0 for a lane without any. */
export async function findTail(client: Queryable, lane: string): Promise<number> {
  const { rows } = await client.query<{ tail: number }>('select tail::float8 from lane where key = $1', [
    lane,
  ]);
  return rows[0]?.tail ?? 0;
}
