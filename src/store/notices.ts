// The table of notices said, so that nobody is told the same thing twice in one room.
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/inbox.ts';
import type { Queryable } from './database.ts';

interface Notice {
  readonly roomId: RoomId;
  readonly about: MatrixUserId;
  readonly reason: NoticeReason;
}

/** Tells whether this person was told this in this room. */
export async function wasSaid(db: Queryable, { roomId, about, reason }: Notice): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from notice where room_id = $1 and user_id = $2 and reason = $3',
    [roomId, about, reason],
  );
  return rowCount === 1;
}

/** Records that it was said. */
export async function saveSaid(db: Queryable, { roomId, about, reason }: Notice): Promise<void> {
  await db.query('insert into notice (room_id, user_id, reason) values ($1, $2, $3) on conflict do nothing', [
    roomId,
    about,
    reason,
  ]);
}
