// The table of sent notices, so that no one gets the same notice twice in one room.
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/notices.ts';
import { countRows, type Queryable } from './database.ts';

interface Notice {
  readonly roomId: RoomId;
  readonly about: MatrixUserId;
  readonly reason: NoticeReason;
}

/** Whether this person got this notice in this room before. */
export async function wasSaid(db: Queryable, { roomId, about, reason }: Notice): Promise<boolean> {
  const sql = 'select from notice where room_id = $1 and user_id = $2 and reason = $3';
  return (await countRows(db, sql, [roomId, about, reason])) === 1;
}

/** Records that the notice was sent. */
export async function saveSaid(db: Queryable, { roomId, about, reason }: Notice): Promise<void> {
  const sql = 'insert into notice (room_id, user_id, reason) values ($1, $2, $3) on conflict do nothing';
  await db.query(sql, [roomId, about, reason]);
}
