// When to try again: pure, so told in a table and by properties.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponentialRetry } from '../../src/inbox/retry-policy.ts';

const options = { firstDelayMs: 100, maxDelayMs: 1_000, maxAttempts: 6, maxAgeMs: 60_000 };

test.each([
  [1, 100],
  [2, 200],
  [3, 400],
  [4, 800],
  [5, 1_000],
])('the delay after attempt %i is at most %i ms', (attempt, delayMs) => {
  expect(exponentialRetry(options, () => 1)(attempt, 0)).toBe(delayMs);
  expect(exponentialRetry(options, () => 0.25)(attempt, 0)).toBe(delayMs / 4);
});

test('gives up after the last attempt, or when failing for too long', () => {
  const policy = exponentialRetry(options, () => 1);
  expect(policy(6, 0)).toBe('give up');
  expect(policy(7, 0)).toBe('give up');
  expect(policy(1, 59_999)).toBe(100);
  expect(policy(1, 60_000)).toBe('give up');
});

test('a delay is never negative, longer than the limit, or no number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const delay = exponentialRetry({ ...options, maxAttempts: Infinity }, () => random)(attempt, 0);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(options.maxDelayMs);
      },
    ),
  );
});
