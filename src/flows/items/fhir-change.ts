// The item of a version of a FHIR resource that a reader has seen. The resource itself is read again when it is handled.
import { z } from 'zod';
import { versionKeyOf, versionOf } from '../../domain/fhir.ts';
import { referenceTo } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { structureLane } from '../../mapping/lanes.ts';
import type { ThreadProfile } from '../../domain/threads.ts';
import { gaveUpOn } from './gave-up-on.ts';
import { reference } from './ids.ts';

/** The source of versions in the inbox; their source id is the version with its stamp. */
export const CHANGE_SOURCE = 'fhir.change';

export const changeItemSchema = z.object({
  kind: z.literal('fhir.change'),
  /** Of any type: another version may follow more of them. */
  resourceType: z.string(),
  reference,
  versionId: z.string(),
  gaveUpOn,
});
export type ChangeItem = z.infer<typeof changeItemSchema>;

/** The payload of a version. */
export function changeOf(
  resourceType: string,
  { id, meta: { versionId } }: Pick<StoredResource, 'id' | 'meta'>,
): ChangeItem {
  return { kind: 'fhir.change', resourceType, reference: referenceTo(resourceType, id), versionId };
}

/**
 * The item of a version, stored once by version and stamp. A Communication goes into the lane of its conversation, after
 * what opens it. All else is structure, which may come by the thousand and can wait.
 */
export function changeItem(resource: StoredResource, { threadOf }: Pick<ThreadProfile, 'threadOf'>): NewItem {
  const payload = changeOf(resource.resourceType, resource);
  const { reference } = payload;
  const isMessage = resource.resourceType === 'Communication';
  const thread = isMessage ? threadOf(resource) : undefined;
  return {
    lane: structureLane(thread ?? reference),
    source: CHANGE_SOURCE,
    sourceId: versionKeyOf(versionOf(resource)),
    payload,
    isBulk: !isMessage,
  };
}
