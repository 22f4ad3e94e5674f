// The table of receipts that came and are not looked at yet.
import type { EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import { columnsOf, select, type Queryable } from './database.ts';

/** What a user has read in a room. */
export interface NewReceipt {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  readonly eventId: EventId;
  /** By the clock of the user's homeserver. */
  readonly readAt: Date;
}

/** A receipt that waits. */
export interface ReceiptRow extends NewReceipt {
  readonly arrivedAt: Date;
}

/** Stores receipts; one that waits already stays as it is. */
export async function saveReceipts(db: Queryable, receipts: readonly NewReceipt[]): Promise<void> {
  if (receipts.length === 0) return;
  const sql = `insert into receipt (room_id, user_id, event_id, read_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
      as given (room_id, user_id, event_id, read_at)
    order by room_id, user_id, event_id
    on conflict do nothing`;
  await db.query(sql, columnsOf(receipts, 'roomId', 'userId', 'eventId', 'readAt'));
}

/** The receipts of a user in a room that wait, in the order in which they came. */
export async function findReceipts(
  db: Queryable,
  roomId: RoomId,
  userId: MatrixUserId,
): Promise<readonly ReceiptRow[]> {
  const sql = `select room_id, user_id, event_id, read_at, arrived_at from receipt
    where room_id = $1 and user_id = $2 order by arrived_at, event_id`;
  return select<ReceiptRow>(db, sql, [roomId, userId]);
}

/** Removes receipts that were looked at. */
export async function removeReceipts(
  db: Queryable,
  { roomId, userId }: Pick<NewReceipt, 'roomId' | 'userId'>,
  eventIds: readonly EventId[],
): Promise<void> {
  const sql = 'delete from receipt where room_id = $1 and user_id = $2 and event_id = any ($3)';
  await db.query(sql, [roomId, userId, eventIds]);
}
