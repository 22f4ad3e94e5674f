// What a Matrix room is to the bridge, by the tables of rooms, former rooms and adopted rooms, in one look.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { Adoption } from './adopted-rooms.ts';
import type { Queryable } from './database.ts';
import type { FormerRoom } from './former-rooms.ts';
import type { RoomColumns, RoomRow } from './rooms.ts';
import { fromColumns } from './rooms.ts';

/** What a Matrix room is to the bridge. */
export type RoomUse =
  | {
      readonly kind: 'space' | 'conversation';
      readonly room: RoomRow;
      /** A tombstone names another room in its place, into which the bridge has not followed yet. */
      readonly isReplaced: boolean;
      /** It became a conversation a moment ago, and that is not finished. */
      readonly adoption: Adoption | undefined;
    }
  /** The bridge has followed into another; `room` is the resource's row, with that room's id. */
  | { readonly kind: 'former'; readonly room: RoomRow; readonly followedAt: Date }
  /** It is to take the place of another, into which the bridge has not been let yet; users may have listed it as well. */
  | { readonly kind: 'awaited'; readonly former: FormerRoom; readonly adoption: Adoption | undefined }
  | { readonly kind: 'adopted'; readonly adoption: Adoption }
  | { readonly kind: 'none' };

interface Columns {
  present: RoomColumns | null;
  successor: RoomColumns | null;
  replaced: boolean;
  followed_at: Date | null;
  awaited_from: RoomId | null;
  awaited_for: FhirReference | null;
  care_team: FhirReference | null;
  listed_by: MatrixUserId | null;
}

/** Finds what a room is to the bridge. */
export async function findRoomUse(db: Queryable, roomId: RoomId): Promise<RoomUse> {
  const { rows } = await db.query<Columns>(
    `select to_jsonb(present) as present, to_jsonb(successor) as successor,
       former.room_id is not null as replaced, former.followed_at,
       awaited.room_id as awaited_from, awaited.reference as awaited_for,
       adopted_room.care_team, adopted_room.listed_by
     from (values ($1::text)) as asked (room_id)
     left join room as present on present.room_id = asked.room_id
     left join former_room as former on former.room_id = asked.room_id
     left join room as successor on successor.reference = former.reference and former.followed_at is not null
     left join lateral (
       select room_id, reference from former_room
       where replacement_room_id = asked.room_id and followed_at is null order by room_id limit 1
     ) as awaited on true
     left join adopted_room on adopted_room.room_id = asked.room_id`,
    [roomId],
  );
  const [row] = rows;
  return row === undefined ? { kind: 'none' } : useOf(roomId, row);
}

function useOf(roomId: RoomId, row: Columns): RoomUse {
  const { present, successor, followed_at: followedAt, awaited_from: from, awaited_for: reference } = row;
  const adoption =
    row.care_team === null || row.listed_by === null
      ? undefined
      : { roomId, careTeam: row.care_team, listedBy: row.listed_by };
  if (present !== null) {
    const kind = present.reference.startsWith('CareTeam/') ? 'space' : 'conversation';
    return { kind, room: fromColumns(present), isReplaced: row.replaced, adoption };
  }
  if (successor !== null && followedAt !== null)
    return { kind: 'former', room: fromColumns(successor), followedAt };
  if (from !== null && reference !== null)
    return { kind: 'awaited', former: { roomId: from, reference, replacement: roomId }, adoption };
  return adoption === undefined ? { kind: 'none' } : { kind: 'adopted', adoption };
}
