// The items that forget a person: one for each room in which a ghost of theirs was, then one for what is left.
import { z } from 'zod';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import { forgettingLane, roomLane, structureLane } from '../../mapping/lanes.ts';
import { reference, roomId } from './ids.ts';

export const forgetRoomItemSchema = z.object({
  kind: z.literal('forget-room'),
  /** The id of the forgetting, in whose row stands whom it is about. */
  forgetting: z.string(),
  roomId,
  /** The resource of the room, if it has one. */
  reference: reference.optional(),
  /** Whether messages are redacted too. */
  redacts: z.boolean(),
  /** Names the command. */
  cause: z.string(),
  /** How many items of this room and command came before. */
  part: z.int(),
});
export type ForgetRoomItem = z.infer<typeof forgetRoomItemSchema>;

export const forgetPersonItemSchema = z.object({
  kind: z.literal('forget-person'),
  forgetting: z.string(),
});
export type ForgetPersonItem = z.infer<typeof forgetPersonItemSchema>;

/** The item of a room, in the lane in which messages are sent into it: none of theirs is on its way there. */
export function forgetRoomItem(item: Omit<ForgetRoomItem, 'kind'>): NewItem {
  return {
    lane: laneOf(item),
    source: 'forget-room',
    sourceId: `${item.cause} ${item.roomId} ${item.part}`,
    payload: { kind: 'forget-room', ...item } satisfies ForgetRoomItem,
    isBulk: true,
  };
}

function laneOf({ reference, roomId }: { reference?: FhirReference | undefined; roomId: RoomId }): string {
  return reference === undefined ? roomLane(roomId) : structureLane(reference);
}

/** The item of what is left when all rooms are done. @param cause names the command */
export function forgetPersonItem({ forgetting, cause }: { forgetting: string; cause: string }): NewItem {
  return {
    lane: forgettingLane(forgetting),
    source: 'forget-person',
    sourceId: `${cause} ${forgetting}`,
    payload: { kind: 'forget-person', forgetting } satisfies ForgetPersonItem,
  };
}
