// The item of a Communication that was deleted, by the version that its deletion made.
import { z } from 'zod';
import type { FhirReference } from '../../domain/ids.ts';
import type { Deletion } from '../../fhir/deletions.ts';
import type { NewItem } from '../../inbox/item.ts';
import { structureLane } from '../../mapping/lanes.ts';
import { gaveUpOn } from './gave-up-on.ts';
import { reference } from './ids.ts';

export const deletionItemSchema = z.object({
  kind: z.literal('fhir.deletion'),
  reference,
  versionId: z.string(),
  gaveUpOn,
});
export type DeletionItem = z.infer<typeof deletionItemSchema>;

/** Stands for the version of a deletion that no reader has seen: there is no such version, and nothing may refer to it. */
export const UNSEEN_VERSION = 'gone';

/**
 * The item, stored once for what was carried, in the lane of the conversation.
 * @param carried where, and by which link: a server that was restored may delete another under the same id
 */
export function deletionItem(
  { reference, versionId }: Deletion,
  { conversation, linkId }: { readonly conversation: FhirReference; readonly linkId: string },
): NewItem {
  return {
    lane: structureLane(conversation),
    source: 'fhir.deletion',
    sourceId: `${reference}/${versionId} of ${linkId}`,
    payload: { kind: 'fhir.deletion', reference, versionId } satisfies DeletionItem,
  };
}
