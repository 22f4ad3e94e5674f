// An answer of `/sync` → parts of bounded size, each of which is stored by itself. Pure.
import type { RoomId } from '../domain/ids.ts';
import type { Invitation } from './invitations.ts';
import type { Receipt } from './receipts.ts';
import type { ShownRoom } from './sync.ts';

/** A part of an answer; no room is in two. */
export interface SyncPart {
  /** Rooms that are shown whole. */
  readonly rooms: readonly ShownRoom[];
  /** Rooms that are to be read on by themselves. */
  readonly behind: readonly RoomId[];
  readonly invitations: readonly Invitation[];
  readonly receipts: readonly Receipt[];
}

/** A part with nothing in it. */
export const EMPTY_PART: SyncPart = { rooms: [], behind: [], invitations: [], receipts: [] };

/**
 * Parts an answer.
 * @param most how many rows a part comes to, at most; a room with more is a part by itself
 * @returns one part at least
 */
export function partsOf(answer: SyncPart, most: number): readonly SyncPart[] {
  const parts: SyncPart[] = [];
  let part = EMPTY_PART;
  let rows = 0;
  for (const piece of piecesOf(answer)) {
    const more = rowsIn(piece);
    if (rows > 0 && rows + more > most) {
      parts.push(part);
      [part, rows] = [EMPTY_PART, 0];
    }
    part = together(part, piece);
    rows += more;
  }
  return [...parts, part];
}

function* piecesOf({ rooms, behind, invitations, receipts }: SyncPart): Generator<SyncPart> {
  for (const room of rooms) yield { ...EMPTY_PART, rooms: [room] };
  for (const roomId of behind) yield { ...EMPTY_PART, behind: [roomId] };
  for (const invitation of invitations) yield { ...EMPTY_PART, invitations: [invitation] };
  for (const receipt of receipts) yield { ...EMPTY_PART, receipts: [receipt] };
}

/** How many rows a part comes to. */
export function rowsIn({ rooms, behind, invitations, receipts }: SyncPart): number {
  const inRooms = rooms.reduce((sum, { events, setAside }) => sum + events.length + setAside.length, 0);
  return inRooms + behind.length + invitations.length + receipts.length;
}

function together(one: SyncPart, other: SyncPart): SyncPart {
  return {
    rooms: [...one.rooms, ...other.rooms],
    behind: [...one.behind, ...other.behind],
    invitations: [...one.invitations, ...other.invitations],
    receipts: [...one.receipts, ...other.receipts],
  };
}
