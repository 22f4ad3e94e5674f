// The item of an AuditEvent that is to be written; it is complete, so any version of the bridge can write it.
import { z } from 'zod';
import type { OwnAuditEvent } from '../../audit/audit-event.ts';
import type { NewItem } from '../../inbox/item.ts';
import { auditLane } from '../../mapping/lanes.ts';

/** Written by a version of the bridge: what makes it an AuditEvent is not checked again. */
const eventSchema = z.custom<OwnAuditEvent>(
  (value) => z.object({ resourceType: z.literal('AuditEvent'), id: z.string() }).safeParse(value).success,
);

export const auditItemSchema = z.object({ kind: z.literal('audit'), event: eventSchema });
export type AuditItem = z.infer<typeof auditItemSchema>;

/** The item, stored once by the id of the event. */
export function auditItem(event: OwnAuditEvent): NewItem {
  return {
    lane: auditLane(event.id),
    source: 'audit',
    sourceId: event.id,
    payload: { kind: 'audit', event } satisfies AuditItem,
  };
}
