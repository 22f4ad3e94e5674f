// The table of arrivals: pushed events, kept until the reader has put them into order.
import type { EventId, RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import type { PayloadCodec, PayloadRow } from '../domain/stored-payload.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { countRows, select, selectColumn, type Queryable } from './database.ts';

/** Which arrivals the reader will not read. */
interface Unread {
  /** The last arrival before the pass began. */
  readonly upTo: string;
  /** How long an event of a known room waits for the reader. */
  readonly olderThanSeconds: number;
  readonly most: number;
}

/** Arrivals that were taken: their events in order, and the ids of those that cannot be decrypted. */
interface TakenArrivals {
  readonly events: readonly MatrixEvent[];
  readonly unreadable: readonly EventId[];
}

/** Those of rooms that are behind are brought in their order when the room is read on. */
const IS_NOT_BEHIND =
  'not exists (select from room_behind where room_behind.room_id = matrix_arrival.room_id)';

/** What was encrypted with a key that this replica does not have waits for one that has it. */
const isReadableWith = (keyIds: string): string =>
  `(payload_key(event) is null or payload_key(event) = any (${keyIds}::text[]))`;

/** Creates the functions of the table. */
export function createArrivals(payloads: PayloadCodec) {
  return {
    removeArrivals,
    findWaitingRooms,
    /** Stores pushed events. Events that are stored already stay as they are. */
    saveArrivals: async (db: Queryable, events: readonly MatrixEvent[]): Promise<void> => {
      const sql = `insert into matrix_arrival (event_id, room_id, event)
        select * from unnest($1::text[], $2::text[], $3::jsonb[])
        on conflict do nothing`;
      await db.query(sql, [
        events.map((event) => event.event_id),
        events.map((event) => event.room_id),
        events.map((event) => payloads.encode(arrivalRow(event.event_id), event)),
      ]);
    },

    /**
     * Takes the arrivals that the reader will not read: those of rooms that the bot is not in, and those that a pass did not show
     * although it began long after them. The second kind was usually stored before, so the log ignores it as known.
     */
    takeUnreadArrivals: async (
      db: Queryable,
      { upTo, olderThanSeconds, most }: Unread,
    ): Promise<TakenArrivals> => {
      const sql = `delete from matrix_arrival where arrival in (
          select arrival from matrix_arrival
          where arrival <= $1 and ${IS_NOT_BEHIND} and ${isReadableWith('$4')}
            and (not exists (select from room where room.room_id = matrix_arrival.room_id)
                 or arrived_at < now() - make_interval(secs => $2))
          order by arrival limit $3)
        returning arrival, event_id, event as stored`;
      const values = [upTo, olderThanSeconds, most, payloads.keyIds];
      const rows = await select<ArrivalRow>(db, sql, values);
      return decodeAll(
        payloads,
        rows.sort((a, b) => Number(a.arrival) - Number(b.arrival)),
      );
    },

    /** Whether an arrival names any of these. One that cannot be read may. */
    doesArrivalName: async (db: Queryable, texts: readonly string[]): Promise<boolean> => {
      const sql = 'select arrival, event_id, event as stored from matrix_arrival';
      const { events, unreadable } = decodeAll(payloads, await select<ArrivalRow>(db, sql));
      const isNamed = (event: MatrixEvent): boolean =>
        texts.some((name) => JSON.stringify(event).includes(name));
      return unreadable.length > 0 || events.some(isNamed);
    },

    /** Whether another pass has to deal with arrivals, up to a number. */
    awaitsPass: async (db: Queryable, upTo: string): Promise<boolean> => {
      const sql = `select from matrix_arrival
        where arrival <= $1 and ${IS_NOT_BEHIND} and ${isReadableWith('$2')} limit 1`;
      return (await countRows(db, sql, [upTo, payloads.keyIds])) === 1;
    },
  };
}

function arrivalRow(eventId: EventId): PayloadRow {
  return ['matrix_arrival', eventId];
}

interface ArrivalRow {
  readonly arrival: string;
  readonly eventId: EventId;
  readonly stored: unknown;
}

function decodeAll(payloads: PayloadCodec, rows: readonly ArrivalRow[]): TakenArrivals {
  const events: MatrixEvent[] = [];
  const unreadable: EventId[] = [];
  for (const { eventId, stored } of rows) {
    try {
      events.push(payloads.decode(arrivalRow(eventId), stored) as MatrixEvent);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      unreadable.push(eventId);
    }
  }
  return { events, unreadable };
}

/** Removes the arrivals of events that the reader has read. */
async function removeArrivals(db: Queryable, eventIds: readonly EventId[]): Promise<void> {
  await db.query('delete from matrix_arrival where event_id = any($1::text[])', [eventIds]);
}

/** The number of the newest arrival. Later arrivals have higher numbers. */
export async function lastArrival(db: Queryable): Promise<string> {
  const [last] = await selectColumn<string>(db, 'select coalesce(max(arrival), 0) from matrix_arrival');
  return last ?? '0';
}

/** Those of these rooms of which something waits for the reader: what follows waits behind it. */
export async function findWaitingRooms(
  db: Queryable,
  roomIds: readonly RoomId[],
): Promise<ReadonlySet<RoomId>> {
  const sql = `select room_id from unnest($1::text[]) as room_id
    where exists (select from matrix_arrival where matrix_arrival.room_id = room_id.room_id)
      or exists (select from room_behind where room_behind.room_id = room_id.room_id)`;
  return new Set(await selectColumn<RoomId>(db, sql, [roomIds]));
}

/** How many arrivals wait for the reader. */
export async function countArrivals(db: Queryable): Promise<number> {
  const [count] = await selectColumn<string>(db, 'select count(*) from matrix_arrival');
  return Number(count);
}
