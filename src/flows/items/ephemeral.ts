// The item of an ephemeral event (receipt, typing, presence) as pushed; Synapse never sends one twice.
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import type { RoomId } from '../../domain/ids.ts';
import { ephemeralLane, roomLane } from '../../mapping/lanes.ts';
import type { IdlessEvent } from '../../matrix/transactions.ts';

export const ephemeralItemSchema = z.object({ kind: z.literal('matrix.ephemeral'), content: z.unknown() });
export type EphemeralItem = z.infer<typeof ephemeralItemSchema>;

/** The item of an ephemeral event. Receipts go into their room's lane, so that they follow what they refer to. */
export function ephemeralItem({ sourceId, scope, content }: IdlessEvent): NewItem {
  return {
    lane: content['type'] === 'm.receipt' ? roomLane(scope as RoomId) : ephemeralLane(scope),
    source: 'matrix.ephemeral',
    sourceId,
    payload: { kind: 'matrix.ephemeral', content } satisfies EphemeralItem,
  };
}
