// The item of a to-device message as pushed or synced; Synapse never sends one twice.
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import { toDeviceLane } from '../../mapping/lanes.ts';
import type { IdlessEvent } from '../../matrix/transactions.ts';

export const toDeviceItemSchema = z.object({ kind: z.literal('matrix.to_device'), content: z.unknown() });
export type ToDeviceItem = z.infer<typeof toDeviceItemSchema>;

/** The item of a to-device message, in the lane of the user it is for. */
export function toDeviceItem({ sourceId, scope, content }: IdlessEvent): NewItem {
  return {
    lane: toDeviceLane(scope),
    source: 'matrix.to_device',
    sourceId,
    payload: { kind: 'matrix.to_device', content } satisfies ToDeviceItem,
  };
}
