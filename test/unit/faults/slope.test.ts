// The judgement on growth: a straight line, noise around it, and the least values between two collections.
import { describe, expect, test } from 'vitest';
import { hasGrown } from '../../faults/suite/memory.ts';
import { lowest, slopeOf } from '../../faults/suite/slope.ts';

const MINUTE_MS = 60_000;
const line = (perMinute: number, noise: (minute: number) => number = () => 0) =>
  Array.from({ length: 60 }, (_, minute) => ({
    atMs: minute * MINUTE_MS,
    value: 100 + perMinute * minute + noise(minute),
  }));

describe('growth', () => {
  test('of a straight line is its slope, without an error', () => {
    const { perHour, error } = slopeOf(line(0.5));
    expect(perHour).toBeCloseTo(30);
    expect(error).toBeCloseTo(0);
  });

  test('of noise alone is within its error; of a leak below the noise it is seen', () => {
    const noise = (minute: number): number => (minute % 2 === 0 ? 3 : -3);
    const of = (perMinute: number) => ({
      ...({ replica: 1, kind: 'heap', last: 100 } as const),
      slope: slopeOf(line(perMinute, noise)),
    });
    expect(hasGrown(of(0))).toBe(false);
    expect(hasGrown(of(0.2))).toBe(true);
  });

  test('of too few samples is not told', () => {
    expect(slopeOf(line(1).slice(0, 2)).error).toBe(Infinity);
  });

  test('is that of the least values of each stretch', () => {
    const saw = line(0, (minute) => minute % 10);
    expect(lowest(saw, 10 * MINUTE_MS)).toEqual(
      [0, 10, 20, 30, 40, 50].map((minute) => ({ atMs: minute * MINUTE_MS, value: 100 })),
    );
  });
});
