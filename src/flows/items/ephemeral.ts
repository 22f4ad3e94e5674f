// The item of an ephemeral event (typing, presence) as pushed; Synapse never sends one twice.
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import { ephemeralLane } from '../../mapping/lanes.ts';
import type { IdlessEvent } from '../../matrix/transactions.ts';

export const ephemeralItemSchema = z.object({ kind: z.literal('matrix.ephemeral'), content: z.unknown() });
export type EphemeralItem = z.infer<typeof ephemeralItemSchema>;

/** The item of an ephemeral event. */
export function ephemeralItem({ sourceId, scope, content }: IdlessEvent): NewItem {
  return {
    lane: ephemeralLane(scope),
    source: 'matrix.ephemeral',
    sourceId,
    payload: { kind: 'matrix.ephemeral', content } satisfies EphemeralItem,
  };
}
