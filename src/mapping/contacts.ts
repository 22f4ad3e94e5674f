// Which of a resource's contacts are in use (FHIR R4, ContactPoint.use and ContactPoint.period), and until when.
import type { ContactPoint } from 'fhir/r4.js';
import { earliest, holdsAt, nextBoundary } from './periods.ts';

/**
 * The contacts in use at a moment: not marked as old, begun, and not over. What reaches a person by a contact that is over
 * may reach somebody else by now.
 * @param at milliseconds since the epoch
 */
export function contactsInUse(
  telecom: readonly ContactPoint[] | undefined,
  at: number,
): readonly ContactPoint[] {
  return (telecom ?? []).filter(({ use, period }) => use !== 'old' && holdsAt(period, at));
}

/** Until when, by the clock alone, the same contacts are in use; undefined for ever. */
export function contactsHoldUntil(
  telecom: readonly ContactPoint[] | undefined,
  at: number,
): number | undefined {
  const contacts = (telecom ?? []).filter(({ use }) => use !== 'old');
  return earliest(contacts.map(({ period }) => nextBoundary(period, at)));
}
