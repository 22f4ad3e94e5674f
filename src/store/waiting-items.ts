// The table of items that wait: for a conversation that opens, or for a message that is carried.
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { PayloadCodec, PayloadRow } from '../domain/stored-payload.ts';
import { countRows, select, selectColumn, type Queryable } from './database.ts';

/**
 * What an item waits for: the conversation or message of a resource, the message of an event, who a user is, or that the bridge
 * follows into a room.
 */
export type AwaitedId = FhirReference | EventId | MatrixUserId | RoomId;

/** An item that waits. */
export interface WaitingItem {
  /** The message that waits, such as `Communication/7` or an event id. It waits once, with its latest payload. */
  readonly about: string;
  /** The lane to which it goes back. */
  readonly lane: string;
  /** Stored as JSON. */
  readonly payload: unknown;
  /** When it goes on without what it waits for; undefined for never. */
  readonly giveUpAt?: Date | undefined;
}

/** An item that waits no more. */
export interface TakenItem extends Omit<WaitingItem, 'giveUpAt'> {
  readonly waitsFor: AwaitedId;
}

/**
 * Lets only one transaction at a time decide about the items that wait for something: either the waiting side sees that it is
 * there, or the side that brings it sees the waiting item. Held until the end of the transaction.
 */
async function lockWaiting(tx: Queryable, waitsFor: readonly AwaitedId[]): Promise<void> {
  // All in one order: two that wait for each other's would deadlock.
  const sql = `select pg_advisory_xact_lock(key) from (
      select distinct hashtextextended('waiting ' || waits_for, 0) as key
      from unnest($1::text[]) as waits_for order by key
    ) as sorted`;
  await tx.query(sql, [waitsFor]);
}

interface WaitingRow {
  readonly waitsFor: AwaitedId;
  readonly about: string;
  readonly lane: string;
  readonly stored: unknown;
  readonly sequence: string;
}

/** Conversations without a room for which a message has waited since before an instant, in order after one of them. */
async function findLongAwaited(
  db: Queryable,
  { before, after, limit }: { readonly before: Date; readonly after: string; readonly limit: number },
): Promise<readonly FhirReference[]> {
  const sql = `select waits_for from waiting_item
    where waits_for like 'CommunicationRequest/%' and waits_for collate "C" > $2
      and about like 'Communication/%' and since < $1
      and not exists (select from room where room.reference = waits_for and room_id is not null)
      and not exists (select from invitation where invitation.request = waits_for)
    group by waits_for order by waits_for collate "C" limit $3`;
  return selectColumn<FhirReference>(db, sql, [before, after, limit]);
}

/** Creates the functions of the table that read and write payloads, and the others. */
export function createWaitingItems(payloads: Pick<PayloadCodec, 'decode' | 'encode'>) {
  /** @throws BridgeError where a payload cannot be decrypted: the transaction is to be rolled back, and nothing is taken */
  const inOrder = (rows: readonly WaitingRow[]): readonly TakenItem[] =>
    rows
      .toSorted((a, b) => Number(a.sequence) - Number(b.sequence))
      .map(({ waitsFor, about, lane, stored }) => ({
        ...{ waitsFor, about, lane },
        payload: payloads.decode(waitingRow(waitsFor, about), stored),
      }));
  /** Stores a waiting item. An item that waits already keeps its place in the order. */
  const saveWaiting = async (db: Queryable, waitsFor: AwaitedId, item: WaitingItem): Promise<void> => {
    const sql = `insert into waiting_item (waits_for, about, lane, payload, give_up_at)
      values ($1, $2, $3, $4, $5)
      on conflict (waits_for, about) do update set payload = excluded.payload`;
    const payload = payloads.encode(waitingRow(waitsFor, item.about), item.payload);
    await db.query(sql, [waitsFor, item.about, item.lane, payload, item.giveUpAt]);
  };
  return {
    ...{
      lockWaiting,
      saveWaiting,
      findLongAwaited,
      isAwaitedByOthers,
      findKnownSenders,
      findHeld,
      findWaiting,
    },
    /** Puts one item in the place of all Communications that wait for a conversation. @returns how many more there were */
    replaceAll: async (tx: Queryable, request: FhirReference, item: WaitingItem): Promise<number> => {
      const sql = `delete from waiting_item where waits_for = $1 and about like 'Communication/%'
        and not exists (select from room where room.reference = waits_for and room_id is not null)`;
      const removed = await countRows(tx, sql, [request]);
      if (removed > 0) await saveWaiting(tx, request, item);
      return Math.max(removed - 1, 0);
    },

    /** Takes the items that wait for these, in the order in which they came. */
    takeWaiting: async (db: Queryable, waitsFor: readonly AwaitedId[]): Promise<readonly TakenItem[]> => {
      const sql = `delete from waiting_item where waits_for = any ($1) returning ${TAKEN}`;
      return inOrder(await select<WaitingRow>(db, sql, [waitsFor]));
    },

    /** Takes items that waited too long, in the order in which they came; those that another transaction takes are left out. */
    takeOverdue: async (db: Queryable, now: Date, limit: number): Promise<readonly TakenItem[]> => {
      const sql = `delete from waiting_item where (waits_for, about) in (
          select waits_for, about from waiting_item where give_up_at <= $1
          order by sequence limit $2 for update skip locked)
        returning ${TAKEN}`;
      return inOrder(await select<WaitingRow>(db, sql, [now, limit]));
    },
  };
}

const TAKEN = 'waits_for, about, lane, payload as stored, sequence';

function waitingRow(waitsFor: AwaitedId, about: string): PayloadRow {
  return ['waiting_item', waitsFor, about];
}

/** Tells whether anything but this message waits for something. */
async function isAwaitedByOthers(db: Queryable, waitsFor: AwaitedId, about: string): Promise<boolean> {
  const sql = 'select from waiting_item where waits_for = $1 and about <> $2 limit 1';
  return (await countRows(db, sql, [waitsFor, about])) === 1;
}

/**
 * The users who are waited for, and who are known by now: someone has their account, and nobody else claims it.
 * @param among these instead of those who are waited for
 */
async function findKnownSenders(
  db: Queryable,
  among?: readonly MatrixUserId[],
): Promise<readonly MatrixUserId[]> {
  const asked =
    among === undefined
      ? `select distinct waits_for as user_id from waiting_item where waits_for like '@%'`
      : 'select user_id from unnest($1::text[]) as given (user_id)';
  const sql = `select asked.user_id from (${asked}) as asked
    where exists (select from person where stored_user_id = asked.user_id)
      or exists (select from person where person.user_id = asked.user_id) and not exists (
        select from person where claimed_user_id = asked.user_id and person.user_id <> asked.user_id
      )
    order by asked.user_id`;
  return selectColumn<MatrixUserId>(db, sql, among === undefined ? [] : [[...among]]);
}

/** Those of these messages that wait until it is known who sent them. */
async function findHeld(db: Queryable, about: readonly string[]): Promise<ReadonlySet<string>> {
  const sql = `select about from waiting_item where about = any ($1) and waits_for like '@%'`;
  return new Set(await selectColumn<string>(db, sql, [about]));
}

/** Those of these messages that wait. */
async function findWaiting(db: Queryable, about: readonly string[]): Promise<ReadonlySet<string>> {
  const sql = 'select about from waiting_item where about = any ($1)';
  return new Set(await selectColumn<string>(db, sql, [about]));
}
