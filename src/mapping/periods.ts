// Whether a moment lies in a FHIR Period, whose ends may be whole days, months or years (FHIR R4, "Period"), and until when.
import type { Period } from 'fhir/r4.js';

/**
 * Tells whether a period holds at a moment: begun, and not over. An end without time of day is over with its day (by
 * UTC), a malformed one counts for nothing.
 * @param at milliseconds since the epoch
 */
export function holdsAt(period: Period | undefined, at: number): boolean {
  const { start, end } = boundsOf(period);
  return start <= at && end > at;
}

/**
 * The first moment after another from which on `holdsAt` says otherwise than at that one.
 * @param at milliseconds since the epoch
 * @returns undefined when it never will
 */
export function nextBoundary(period: Period | undefined, at: number): number | undefined {
  const { start, end } = boundsOf(period);
  if (start > at) return end > start ? start : undefined;
  return end > at && end !== Infinity ? end : undefined;
}

/** The first of some moments; undefined when there is none. */
export function earliest(moments: readonly (number | undefined)[]): number | undefined {
  const first = moments.reduce<number>((least, moment = Infinity) => Math.min(least, moment), Infinity);
  return first === Infinity ? undefined : first;
}

/** The first moment of a period, and the first after it. */
function boundsOf(period: Period | undefined): { readonly start: number; readonly end: number } {
  const start = instantOf(period?.start);
  const end = endOf(period?.end);
  return { start: Number.isNaN(start) ? -Infinity : start, end: Number.isNaN(end) ? Infinity : end };
}

/** The first moment after an end. */
function endOf(end: string | undefined): number {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(end ?? '') ?? [];
  if (year === undefined) return instantOf(end);
  if (month === undefined) return Date.UTC(Number(year) + 1, 0, 1);
  if (day === undefined) return Date.UTC(Number(year), Number(month), 1);
  return Date.UTC(Number(year), Number(month) - 1, Number(day) + 1);
}

/** A time of day without a zone, which FHIR has not, is one by UTC, in whatever zone the machine stands. */
function instantOf(text = ''): number {
  return Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);
}
