// Periods: when they hold, and when next that changes.
import type { Period } from 'fhir/r4.js';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { earliest, holdsAt, nextBoundary } from '../../src/mapping/periods.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace('.000', '');

describe('the next boundary', () => {
  test.each<[string, Period | undefined, string | undefined]>([
    ['no period', undefined, undefined],
    ['one without ends', {}, undefined],
    ['one that begins later', { start: '2026-11-21T17:00:00Z' }, '2026-11-21T17:00:00Z'],
    ['a beginning in another zone', { start: '2026-11-21T17:00:00+01:00' }, '2026-11-21T16:00:00Z'],
    ['one that has begun', { start: '2026-11-21T12:00:00Z' }, undefined],
    ['a beginning before an end', { start: '2026-12', end: '2027' }, '2026-12-01T00:00:00Z'],
    ['an end after the beginning', { start: '2026', end: '2026-11-21T17:00:00Z' }, '2026-11-21T17:00:00Z'],
    ['an end with its day', { end: '2026-11-21' }, '2026-11-22T00:00:00Z'],
    ['an end with its month', { end: '2026-11' }, '2026-12-01T00:00:00Z'],
    ['an end with its year', { end: '2026' }, '2027-01-01T00:00:00Z'],
    ['an end that is no end', { end: '9999-12-31' }, '+010000-01-01T00:00:00Z'],
    ['an end at this very moment', { end: '2026-11-21T12:00:00Z' }, undefined],
    ['one that is over', { start: '2026-01', end: '2026-02' }, undefined],
    ['one that ends before it begins', { start: '2026-12', end: '2026-11-30T00:00:00Z' }, undefined],
    ['ends that are no dates', { start: 'soon', end: 'later' }, undefined],
  ])('of %s', (_, period, expected) => {
    expect(iso(nextBoundary(period, NOON))).toBe(expected);
  });

  test('of several periods is the earliest', () => {
    expect(earliest([3, undefined, 1, 2])).toBe(1);
    expect(earliest([undefined])).toBeUndefined();
    expect(earliest([])).toBeUndefined();
  });
});

describe('a time of day without a zone', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('is read as UTC, in every time zone of the machine', () => {
    vi.stubEnv('TZ', 'America/New_York');
    expect(iso(nextBoundary({ start: '2026-11-21T17:00:00' }, NOON))).toBe('2026-11-21T17:00:00Z');
    expect(iso(nextBoundary({ end: '2026-11-21T17:00:00.000' }, NOON))).toBe('2026-11-21T17:00:00Z');
  });
});

/** A moment of three years, and the same in any form in which it may be written. */
const moment = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2028, 0) });
const written = fc
  .record({
    at: moment,
    form: fc.constantFrom(4, 7, 10, 'zone', 'other zone', 'no zone', 'none', 'malformed'),
  })
  .map(({ at, form }) => {
    const text = new Date(at).toISOString();
    if (typeof form === 'number') return text.slice(0, form);
    if (form === 'other zone') return text.replace('Z', '-05:30');
    return { zone: text, 'no zone': text.slice(0, -1), none: undefined, malformed: 'soon' }[form];
  });
const period: fc.Arbitrary<Period> = fc
  .record({ start: written, end: written })
  .map(({ start, end }) => ({ ...(start !== undefined && { start }), ...(end !== undefined && { end }) }));

test('the answer changes at the next boundary and not before; without one it never changes', () => {
  fc.assert(
    fc.property(period, moment, moment, (each, at, other) => {
      const next = nextBoundary(each, at);
      const before = holdsAt(each, at);
      const between = next === undefined ? Math.max(at, other) : Math.min(Math.max(at, other), next - 1);
      expect(holdsAt(each, between)).toBe(before);
      if (next === undefined) return;
      expect(next).toBeGreaterThan(at);
      expect(holdsAt(each, next - 1)).toBe(before);
      expect(holdsAt(each, next)).toBe(!before);
    }),
    { numRuns: 2000 },
  );
});
