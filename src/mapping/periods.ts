// Whether a moment lies in a FHIR Period, and until when. An end may be a whole day, month or year.
// https://hl7.org/fhir/R4/datatypes.html#Period
import type { Period } from 'fhir/r4.js';

/**
 * Whether a period holds at a moment: it has begun and has not ended. An end without a time of day ends with that day, by UTC.
 * A malformed start or end does not count.
 * @param at milliseconds since the epoch
 */
export function holdsAt(period: Period | undefined, at: number): boolean {
  const { start, end } = boundsOf(period);
  return start <= at && end > at;
}

/**
 * The first moment after `at` at which the answer of `holdsAt` changes.
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

/** With a year of four digits, as PostgreSQL holds them too. https://hl7.org/fhir/R4/datatypes.html#dateTime */
const DATE_TIME = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T.*)?)?)?$/;

/**
 * A FHIR dateTime in milliseconds since the epoch; NaN where it is malformed. FHIR demands a time zone with a time of day:
 * without one it is read as UTC, not in the zone of the machine.
 */
export function instantOf(text = ''): number {
  if (!DATE_TIME.test(text)) return Number.NaN;
  return Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);
}
