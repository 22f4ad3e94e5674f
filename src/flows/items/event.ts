// The item of a Matrix event: in its room's lane, stored once by its event id.
import { z } from 'zod';
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { NewItem } from '../../inbox/item.ts';
import { roomLane } from '../../mapping/lanes.ts';
import { gaveUpOn } from './gave-up-on.ts';
import { eventId, roomId, userId } from './ids.ts';

/** The source of events in the inbox; their source id is the event id. */
export const EVENT_SOURCE = 'matrix.event';

/** What this version does not read of an event stays in it, as a later version may. */
const eventSchema: z.ZodType<MatrixEvent, MatrixEvent> = z.looseObject({
  event_id: eventId,
  room_id: roomId,
  sender: userId,
  type: z.string(),
  origin_server_ts: z.number(),
  state_key: z.string().optional(),
  content: z.record(z.string(), z.unknown()),
});

export const eventItemSchema = z.object({
  kind: z.literal('matrix.event'),
  event: eventSchema,
  gaveUpOn,
});
export type EventItem = z.infer<typeof eventItemSchema>;

/** The item of an event. What changes a room, and is said to no one, may come by the thousand and can wait. */
export function eventItem(event: MatrixEvent): NewItem {
  return {
    lane: roomLane(event.room_id),
    source: EVENT_SOURCE,
    sourceId: event.event_id,
    payload: { kind: 'matrix.event', event } satisfies EventItem,
    isBulk: event.state_key !== undefined,
  };
}
