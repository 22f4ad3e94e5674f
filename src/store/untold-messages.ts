// The table of messages of which their sender is still to be told something.
import type { EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MessageReason } from '../domain/notices.ts';
import { countRows, type Queryable } from './database.ts';

/** A message, and what its sender is to be told. */
export interface UntoldMessage {
  readonly roomId: RoomId;
  readonly about: MatrixUserId;
  readonly reason: MessageReason;
  readonly eventId: EventId;
}

/** Adds a message; once, however often. */
export async function saveUntold(
  db: Queryable,
  { roomId, about, reason, eventId }: UntoldMessage,
): Promise<void> {
  const sql = `insert into untold_message (event_id, reason, room_id, user_id) values ($1, $2, $3, $4)
    on conflict do nothing`;
  await db.query(sql, [eventId, reason, roomId, about]);
}

/** Whether a message still waits for a notice: no other one has told of it, or is about to. */
export async function isUntold(db: Queryable, { eventId, reason }: UntoldMessage): Promise<boolean> {
  const sql =
    'select from untold_message where event_id = $1 and reason = $2 and coalesce(told_with, $1) = $1';
  return (await countRows(db, sql, [eventId, reason])) === 1;
}

/**
 * Makes up the notice that begins with this message: of all that its sender is to be told for the same reason by now. Done
 * again for the same message, it is the same notice.
 * @returns of how many messages it tells
 */
export async function gatherUntold(
  db: Queryable,
  { roomId, about, reason, eventId }: UntoldMessage,
): Promise<number> {
  const sql = `update untold_message set told_with = $4
    where room_id = $1 and user_id = $2 and reason = $3 and (told_with = $4 or told_with is null and not exists (
      select from untold_message as made_up where made_up.told_with = $4 and made_up.reason = $3
    ))`;
  return countRows(db, sql, [roomId, about, reason, eventId]);
}

/** Forgets the messages of a notice that was sent. */
export async function forgetTold(db: Queryable, { eventId, reason }: UntoldMessage): Promise<void> {
  await db.query('delete from untold_message where told_with = $1 and reason = $2', [eventId, reason]);
}
