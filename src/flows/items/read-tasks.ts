// The item by which anything that changes asks for the Tasks of a conversation to be compared.
import { z } from 'zod';
import type { FhirReference } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import { readStateLane } from '../../mapping/lanes.ts';
import { reference } from './ids.ts';

export const readTasksItemSchema = z.object({ kind: z.literal('read-tasks'), conversation: reference });
export type ReadTasksItem = z.infer<typeof readTasksItemSchema>;

/**
 * The item, where the bridge keeps the Tasks; none where it does not.
 * @param cause what changed: the same cause asks once
 */
export function readTasksItems(
  { readState: { engine } }: { readonly readState: { readonly engine: 'off' | 'server' | 'bridge' } },
  conversation: FhirReference,
  cause: string,
): readonly NewItem[] {
  if (engine !== 'bridge') return [];
  return [
    {
      lane: readStateLane(conversation),
      source: 'read-tasks',
      sourceId: `${conversation} ${cause}`,
      payload: { kind: 'read-tasks', conversation } satisfies ReadTasksItem,
    },
  ];
}
