// Whether a moment lies in a FHIR Period, whose ends may be whole days, months or years (FHIR R4, "Period").
import type { Period } from 'fhir/r4.js';

/**
 * Tells whether a period holds at a moment: begun, and not over. An end without time of day is over with its day (by
 * UTC), a malformed one counts for nothing.
 * @param at milliseconds since the epoch
 */
export function holdsAt(period: Period | undefined, at: number): boolean {
  const start = Date.parse(period?.start ?? '');
  const end = endOf(period?.end);
  return (Number.isNaN(start) || start <= at) && (Number.isNaN(end) || end > at);
}

/** The first moment after an end. */
function endOf(end: string | undefined): number {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(end ?? '') ?? [];
  if (year === undefined) return Date.parse(end ?? '');
  if (month === undefined) return Date.UTC(Number(year) + 1, 0, 1);
  if (day === undefined) return Date.UTC(Number(year), Number(month), 1);
  return Date.UTC(Number(year), Number(month) - 1, Number(day) + 1);
}
