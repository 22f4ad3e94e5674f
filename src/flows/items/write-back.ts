// The item by which a Communication gets the id of the event that shows it; a server that refuses that holds up no message.
import { z } from 'zod';
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import { writeBackLane } from '../../mapping/lanes.ts';
import { eventId, reference } from './ids.ts';

export const writeBackItemSchema = z.object({ kind: z.literal('write-back'), reference, eventId });
export type WriteBackItem = z.infer<typeof writeBackItemSchema>;

/** The item; one for each Communication and event. */
export function writeBackItem(communication: FhirReference, event: EventId): NewItem {
  return {
    lane: writeBackLane(communication),
    source: 'write-back',
    sourceId: `${communication} ${event}`,
    payload: { kind: 'write-back', reference: communication, eventId: event } satisfies WriteBackItem,
  };
}
