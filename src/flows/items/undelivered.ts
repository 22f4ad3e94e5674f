// The item by which a platform is told that a message of its did not reach the room, or did after all.
import { z } from 'zod';
import type { FhirReference } from '../../domain/ids.ts';
import { UNDELIVERED_REASONS } from '../../domain/undelivered.ts';
import type { NewItem } from '../../inbox/item.ts';
import { undeliveredLane } from '../../mapping/lanes.ts';
import { reference } from './ids.ts';

const ends = ['delivered', 'withdrawn'] as const;

export const undeliveredItemSchema = z.object({
  kind: z.literal('undelivered'),
  /** A Communication, or a CommunicationRequest of which the first message is meant. */
  communication: reference,
  /** Why it failed, or how that ended. */
  state: z.enum([...UNDELIVERED_REASONS, ...ends]),
});
export type UndeliveredItem = z.infer<typeof undeliveredItemSchema>;

/**
 * The item, in a lane of its own: a platform that cannot be told holds up no message.
 * @param cause the item that failed or succeeded; of each it is told once
 */
export function undeliveredItem(
  message: FhirReference,
  state: UndeliveredItem['state'],
  cause: string,
): NewItem {
  return {
    lane: undeliveredLane(message),
    source: 'undelivered',
    sourceId: `${cause} ${state}`,
    payload: { kind: 'undelivered', communication: message, state } satisfies UndeliveredItem,
  };
}
