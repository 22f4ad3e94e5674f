// The item of a Task, AuditEvent, message or conversation that says who has read what. It holds what it says: a later version does not take it back.
import { z } from 'zod';
import { versionKeyOf, versionOf } from '../../domain/fhir.ts';
import type { ReadReport, ThreadReadState } from '../../domain/threads.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import { readStateLane } from '../../mapping/lanes.ts';
import { readReportIn } from '../../mapping/read-state/report.ts';
import { reference } from './ids.ts';

export const readReportItemSchema = z.object({
  kind: z.literal('fhir.read'),
  /** The Task, AuditEvent, Communication or CommunicationRequest. */
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

/** The items of what messages and conversations say themselves. A conversation may say it of each of its participants. */
export function threadReportItems(
  resources: readonly StoredResource[],
  { reportsIn }: Pick<ThreadReadState, 'reportsIn'>,
): readonly NewItem[] {
  return resources.flatMap((resource) => {
    const isOfThread =
      resource.resourceType === 'Communication' || resource.resourceType === 'CommunicationRequest';
    const reports = isOfThread ? reportsIn(resource) : [];
    return reports.map((report) => {
      const item = itemOf(resource, report);
      return { ...item, sourceId: `${item.sourceId} ${report.person}` };
    });
  });
}

/** In the lane of its conversation, behind the bridge's own writes of Tasks. */
function itemOf(resource: StoredResource, report: ReadReport): NewItem {
  const version = versionOf(resource);
  const { reference, versionId } = version;
  return {
    lane: readStateLane(report.conversation ?? reference),
    source: 'fhir.read',
    sourceId: versionKeyOf(version),
    payload: { kind: 'fhir.read', reference, versionId, ...report } satisfies ReadReportItem,
  };
}
