// What a Matrix room is to the bridge, by the tables of rooms, former rooms and adopted rooms, in one look.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { Adoption } from './adopted-rooms.ts';
import { fromColumns, selectColumn, selectFirst, type Queryable } from './database.ts';
import type { FormerRoom } from './former-rooms.ts';
import { findReceivedIn, type ReceivedConversation } from './invitations.ts';
import { ROOM_COLUMNS, type RoomRow } from './rooms.ts';

/** What a Matrix room is to the bridge. */
export type RoomUse =
  | {
      readonly kind: 'space' | 'conversation';
      readonly room: RoomRow;
      /** A tombstone names another room in its place, into which the bridge has not followed yet. */
      readonly isReplaced: boolean;
      /** It has taken the place of another. */
      readonly isReplacement: boolean;
      /** It became a conversation a moment ago, and that is not finished. */
      readonly adoption: Adoption | undefined;
    }
  /** The bridge has followed into another; `room` is the resource's row, with that room's id. */
  | { readonly kind: 'former'; readonly room: RoomRow; readonly followedAt: Date }
  /** It is to take the place of another, into which the bridge has not been let yet; users may have listed it as well. */
  | { readonly kind: 'awaited'; readonly former: FormerRoom; readonly adoption: Adoption | undefined }
  | { readonly kind: 'adopted'; readonly adoption: Adoption }
  /** It is of another organisation; one's own server has a conversation for it. */
  | { readonly kind: 'received'; readonly received: ReceivedConversation }
  | { readonly kind: 'none' };

type Columns = Readonly<Record<string, unknown>>;

interface Found {
  readonly present: Columns | undefined;
  readonly successor: Columns | undefined;
  readonly replaced: boolean;
  readonly isReplacement: boolean;
  readonly followedAt: Date | undefined;
  readonly awaitedFrom: RoomId | undefined;
  readonly awaitedFor: FhirReference | undefined;
  readonly careTeam: FhirReference | undefined;
  readonly listedBy: MatrixUserId | undefined;
}

/** Those of these rooms that the bridge serves: that are, were or may become the room of a resource, or that a ghost was invited to. */
export async function findServed(db: Queryable, roomIds: readonly RoomId[]): Promise<readonly RoomId[]> {
  const sql = `select room_id from unnest($1::text[]) as asked (room_id)
    where exists (select from room where room.room_id = asked.room_id)
      or exists (select from former_room where former_room.room_id = asked.room_id)
      or exists (select from former_room where replacement_room_id = asked.room_id)
      or exists (select from adopted_room where adopted_room.room_id = asked.room_id)
      or exists (select from invitation where invitation.room_id = asked.room_id)
      or exists (select from room_behind where room_behind.room_id = asked.room_id)`;
  return selectColumn<RoomId>(db, sql, [roomIds]);
}

/** Finds what a room is to the bridge. */
export async function findRoomUse(db: Queryable, roomId: RoomId): Promise<RoomUse> {
  const sql = `select to_jsonb(present) as present, to_jsonb(successor) as successor,
      former.room_id is not null as replaced, former.followed_at,
      exists (select from former_room where replacement_room_id = asked.room_id) as is_replacement,
      awaited.room_id as awaited_from, awaited.reference as awaited_for,
      adopted_room.care_team, adopted_room.listed_by
    from (values ($1::text)) as asked (room_id)
    left join (select ${ROOM_COLUMNS} from room) as present on present.room_id = asked.room_id
    left join former_room as former on former.room_id = asked.room_id
    left join (select ${ROOM_COLUMNS} from room) as successor
      on successor.reference = former.reference and former.followed_at is not null
    left join lateral (
      select room_id, reference from former_room
      where replacement_room_id = asked.room_id and followed_at is null order by room_id limit 1
    ) as awaited on true
    left join adopted_room on adopted_room.room_id = asked.room_id`;
  const found = await selectFirst<Found>(db, sql, [roomId]);
  const use: RoomUse = found === undefined ? { kind: 'none' } : useOf(roomId, found);
  const received = use.kind === 'none' ? await findReceivedIn(db, roomId) : undefined;
  return received === undefined ? use : { kind: 'received', received };
}

function useOf(roomId: RoomId, found: Found): RoomUse {
  const { present, successor, followedAt, awaitedFrom, awaitedFor, careTeam, listedBy } = found;
  const adoption =
    careTeam === undefined || listedBy === undefined ? undefined : { roomId, careTeam, listedBy };
  if (present !== undefined) {
    const room = fromColumns(present) as RoomRow;
    const kind = room.reference.startsWith('CareTeam/') ? 'space' : 'conversation';
    const { replaced: isReplaced, isReplacement } = found;
    return { kind, room, isReplaced, isReplacement, adoption };
  }
  if (successor !== undefined && followedAt !== undefined)
    return { kind: 'former', room: fromColumns(successor) as RoomRow, followedAt };
  if (awaitedFrom !== undefined && awaitedFor !== undefined) {
    const former = { roomId: awaitedFrom, reference: awaitedFor, replacement: roomId };
    return { kind: 'awaited', former, adoption };
  }
  return adoption === undefined ? { kind: 'none' } : { kind: 'adopted', adoption };
}
