// The item of a ghost whose address is to be written into one's own directory; stored once for both.
import { z } from 'zod';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import { publishLane } from '../../mapping/lanes.ts';
import { reference, userId } from './ids.ts';

export const publishItemSchema = z.object({ kind: z.literal('publish'), reference, userId });
export type PublishItem = z.infer<typeof publishItemSchema>;

/** The item of the ghost of a practitioner. Its lane is its own: a directory that is down holds up no conversation. */
export function publishItem(reference: FhirReference, userId: MatrixUserId): NewItem {
  return {
    lane: publishLane(reference),
    source: 'publish',
    sourceId: `${reference} ${userId}`,
    payload: { kind: 'publish', reference, userId } satisfies PublishItem,
    isBulk: true,
  };
}
