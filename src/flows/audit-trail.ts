// The audit trail: facts become items, each of which is one AuditEvent to be written.
import { auditEventsOf, type Cause } from '../audit/audit-event.ts';
import type { AuditSettings } from '../audit/settings.ts';
import type { Clock } from '../domain/clock.ts';
import type { Fact } from '../domain/facts.ts';
import type { NewItem } from '../inbox/item.ts';
import { auditItem } from './items/audit.ts';

/** Where flows bring what happened. */
export interface AuditTrail {
  /**
   * The items of facts, to be stored in the transaction that records what they tell.
   * @param cause names the item, command or look-up that brought them about
   * @param recorded when they were stored first, unless that is now
   */
  readonly itemsOf: (cause: Cause, facts: readonly Fact[], recorded?: Date) => readonly NewItem[];
}

/** Creates the trail. */
export function createAuditTrail(settings: AuditSettings, clock: Pick<Clock, 'now'>): AuditTrail {
  return {
    itemsOf: (cause, facts, recorded = clock.now()) =>
      auditEventsOf(cause, facts, recorded, settings).map(auditItem),
  };
}

/** The trail that is switched off. */
export const noAuditTrail: AuditTrail = { itemsOf: () => [] };
