// The item of a message that a person has read, on either side, in the lane of its conversation's read state.
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import { readStateLane } from '../../mapping/lanes.ts';
import { eventId, reference, roomId, userId } from './ids.ts';

export const readItemSchema = z.object({
  kind: z.literal('read'),
  /** The CommunicationRequest. */
  conversation: reference,
  person: reference,
  roomId,
  eventId,
  /** The Communication; left out for the first message of a conversation, which is its own. */
  message: reference.optional(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** The user whose receipt said so; left out where it was read on the FHIR side. */
  userId: userId.optional(),
  /** The resource that said so; left out where it was read in Matrix. */
  reportedBy: reference.optional(),
});
export type ReadItem = z.infer<typeof readItemSchema>;

/** The item; a person reads a message on a side once. */
export function readItem(read: Omit<ReadItem, 'kind'>): NewItem {
  const { conversation, person, eventId, userId } = read;
  return {
    lane: readStateLane(conversation),
    source: userId === undefined ? 'read-in-fhir' : 'read-in-matrix',
    sourceId: `${conversation} ${person} ${eventId}`,
    payload: { kind: 'read', ...read } satisfies ReadItem,
  };
}
