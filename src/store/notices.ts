// The table of sent notices: when a person was last told something in a room.
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/notices.ts';
import { selectColumn, type Queryable } from './database.ts';

interface Notice {
  readonly roomId: RoomId;
  readonly about: MatrixUserId;
  readonly reason: NoticeReason;
}

/** When this person last got this notice in this room; undefined if never. */
export async function lastSaid(db: Queryable, { roomId, about, reason }: Notice): Promise<Date | undefined> {
  const sql = 'select said_at from notice where room_id = $1 and user_id = $2 and reason = $3';
  return (await selectColumn<Date>(db, sql, [roomId, about, reason]))[0];
}

/** Records that the notice was sent. */
export async function saveSaid(db: Queryable, { roomId, about, reason }: Notice, at: Date): Promise<void> {
  const sql = `insert into notice (room_id, user_id, reason, said_at) values ($1, $2, $3, $4)
    on conflict (room_id, user_id, reason) do update set said_at = excluded.said_at`;
  await db.query(sql, [roomId, about, reason, at]);
}
