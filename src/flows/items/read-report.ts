// The item of a Task or AuditEvent that says who has read what. It holds what it says: a later version does not take it back.
import { z } from 'zod';
import { versionOf } from '../../domain/fhir.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import { readStateLane } from '../../mapping/lanes.ts';
import { readReportIn, type ReadReport } from '../../mapping/read-state/report.ts';
import { reference } from './ids.ts';

export const readReportItemSchema = z.object({
  kind: z.literal('fhir.read'),
  /** The Task or AuditEvent. */
  reference,
  versionId: z.string(),
  person: reference,
  conversation: reference.optional(),
  message: reference.optional(),
  otherwise: z.enum(['all', 'first-message']),
  at: z.number().optional(),
  /** What it waited for in vain. */
  gaveUpOn: z.array(z.string()).optional(),
});
export type ReadReportItem = z.infer<typeof readReportItemSchema>;

/** The items of those among some resources that say so. A version is stored once. */
export function readReportItems(resources: readonly StoredResource[]): readonly NewItem[] {
  return resources.flatMap((resource) => {
    const report = readReportIn(resource);
    return report === undefined ? [] : [itemOf(resource, report)];
  });
}

/** In the lane of its conversation, behind the bridge's own writes of Tasks. */
function itemOf(resource: StoredResource, report: ReadReport): NewItem {
  const { reference, versionId } = versionOf(resource);
  return {
    lane: readStateLane(report.conversation ?? reference),
    source: 'fhir.read',
    sourceId: `${reference}/${versionId}`,
    payload: { kind: 'fhir.read', reference, versionId, ...report } satisfies ReadReportItem,
  };
}
