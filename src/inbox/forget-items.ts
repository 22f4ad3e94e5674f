// Forgets what the log says of a person: what handled items hold, and dead letters. Each is read for it.
import type { PayloadCodec } from '../domain/stored-payload.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { Queryable } from './database.ts';
import { itemRow } from './item-payload.ts';

/** How many rows are read at one time. */
const BATCH = 500;

/** By what a person is found. */
export interface Sought {
  /** Their accounts and ghosts: what names one is about them. */
  readonly users: readonly string[];
  /** Their names and addresses, which may stand in the text of others. */
  readonly texts: readonly string[];
}

/** How many rows named them. */
export interface ForgottenItems {
  /** Handled; their content is empty now, and that they were there is kept against duplicates. */
  readonly items: number;
  /** Deleted. Those in which only a name stands are another's, and stay. */
  readonly deadLetters: number;
  /** Not handled yet, and so left as they are. */
  readonly waiting: number;
}

/**
 * Looks through the whole log, batch by batch; run again, it finds what came in between. What cannot be decrypted is left.
 * @param isDry only counts
 */
export type ForgetItemsNaming = (
  pool: Queryable,
  sought: Sought,
  how: { readonly isDry: boolean; readonly signal: AbortSignal },
) => Promise<ForgottenItems>;

/** Creates what looks through the log. */
export function createForgetItemsNaming(payloads: Decoding): ForgetItemsNaming {
  return (pool, sought, how) => forgetItemsNaming({ pool, payloads }, sought, how);
}

type Decoding = Pick<PayloadCodec, 'decode'>;

/** The log, and how its payloads are read. */
interface Log {
  readonly pool: Queryable;
  readonly payloads: Decoding;
}

async function forgetItemsNaming(
  log: Log,
  { users, texts }: Sought,
  { isDry, signal }: { readonly isDry: boolean; readonly signal: AbortSignal },
): Promise<ForgottenItems> {
  const all = [...users, ...texts];
  if (all.length === 0) return { items: 0, deadLetters: 0, waiting: 0 };
  const by = (wanted: readonly string[]) => {
    const asStored = wanted.map((name) => JSON.stringify(name).slice(1, -1));
    return (text: string): boolean => asStored.some((name) => names(text, name));
  };
  const pass = (page: string, change: string, wanted: readonly string[]) =>
    forEachNamed(log, { page, change: isDry ? undefined : change, isNamedIn: by(wanted) }, signal);
  return {
    items: await pass(pageOfHandled, emptyItem, all),
    deadLetters: await pass(pageOfDeadLetters, deleteDeadLetter, users),
    waiting: await forEachNamed(log, { page: pageOfWaiting, change: undefined, isNamedIn: by(all) }, signal),
  };
}

/** What follows a name or an id in a longer one that begins with it. */
const GOES_ON = /^(?:[A-Za-z0-9-]|[.:][A-Za-z0-9])/;

function names(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const end = at + name.length;
    if (!GOES_ON.test(text.slice(end, end + 2))) return true;
  }
  return false;
}

interface Row {
  readonly laneId: string;
  readonly position: string;
  readonly source: string;
  readonly sourceId: string;
  readonly stored: unknown;
}

/** Empty where the payload cannot be decrypted. */
function textOf(payloads: Decoding, { source, sourceId, stored }: Row): string {
  try {
    return JSON.stringify(payloads.decode(itemRow({ source, sourceId }), stored));
  } catch (error) {
    if (error instanceof BridgeError) return '';
    throw error;
  }
}

interface Pass {
  readonly page: string;
  /** Undefined changes nothing. */
  readonly change: string | undefined;
  readonly isNamedIn: (text: string) => boolean;
}

async function forEachNamed(
  { pool, payloads }: Log,
  { page, change, isNamedIn }: Pass,
  signal: AbortSignal,
): Promise<number> {
  let found = 0;
  for (let last: Pick<Row, 'laneId' | 'position'> = { laneId: '0', position: '0' }; ;) {
    signal.throwIfAborted();
    const { rows } = await pool.query<Row & Record<string, unknown>>(page, [
      ...[last.laneId, last.position, BATCH],
    ]);
    const named = rows.filter((row) => isNamedIn(`${row.sourceId} ${textOf(payloads, row)}`));
    found += named.length;
    if (change !== undefined && named.length > 0)
      await pool.query(change, [
        ...[named.map(({ laneId }) => laneId), named.map(({ position }) => position)],
        named.map(({ sourceId }) => isNamedIn(sourceId)),
      ]);
    const end = rows.at(-1);
    if (end === undefined || rows.length < BATCH) return found;
    last = end;
  }
}

const pageOf = (which: string): string => `
  select lane_id::text as "laneId", position::text, source, source_id as "sourceId", payload as stored
  from item join lane on lane.id = item.lane_id
  where (lane_id, position) > ($1::bigint, $2::bigint) and ${which}
  order by lane_id, position limit $3`;

const pageOfHandled = pageOf(`position <= lane.head and payload::text <> '{}'`);

/** The items of forgetting itself name nobody but a room. */
const pageOfWaiting = pageOf(`position > lane.head and source not in ('forget-room', 'forget-person')`);

/** One whose id names an account has waited for it, and nothing delivers that again. */
const emptyItem = `
  with named as (
    select * from unnest($1::bigint[], $2::bigint[], $3::boolean[]) as named (lane_id, position, by_id)
  ), gone as (
    delete from item using named
    where item.lane_id = named.lane_id and item.position = named.position and named.by_id
  )
  update item set payload = '{}' from named
  where item.lane_id = named.lane_id and item.position = named.position and not named.by_id`;

const pageOfDeadLetters = `
  select lane_id::text as "laneId", position::text, source, source_id as "sourceId", payload as stored
  from dead_letter where (lane_id, position) > ($1::bigint, $2::bigint)
  order by lane_id, position limit $3`;

const deleteDeadLetter = `
  delete from dead_letter using unnest($1::bigint[], $2::bigint[], $3::boolean[]) as named (lane_id, position, by_id)
  where dead_letter.lane_id = named.lane_id and dead_letter.position = named.position`;
