// Which contacts of a resource are in use (ContactPoint.use and ContactPoint.period), and until when.
// https://hl7.org/fhir/R4/datatypes.html#ContactPoint
import type { ContactPoint } from 'fhir/r4.js';
import { earliest, holdsAt, nextBoundary } from './periods.ts';

/**
 * The contacts in use at a moment: not marked as old, begun, and not ended. A contact that has ended may reach another person by
 * now.
 * @param at milliseconds since the epoch
 */
export function contactsInUse(
  telecom: readonly ContactPoint[] | undefined,
  at: number,
): readonly ContactPoint[] {
  return (telecom ?? []).filter(({ use, period }) => use !== 'old' && holdsAt(period, at));
}

/** Until when the same contacts are in use if no resource changes; undefined for ever. */
export function contactsHoldUntil(
  telecom: readonly ContactPoint[] | undefined,
  at: number,
): number | undefined {
  const contacts = (telecom ?? []).filter(({ use }) => use !== 'old');
  return earliest(contacts.map(({ period }) => nextBoundary(period, at)));
}
