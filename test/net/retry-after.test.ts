// Retry-After in both its forms, and in what only looks like one.
import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/net/retry-after.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test.each<[string | undefined, number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['7', 7000],
  [' 7 ', 7000],
  ['0', 0],
  ['999999999999999999999999', 3_600_000],
  ['Sun, 01 Mar 2026 12:01:30 GMT', 90_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['Mon, 01 Mar 2027 12:00:00 GMT', 3_600_000],
  ['2026-03-01T12:01:30Z', undefined],
  ['Mon, 01 Mar 2026 12:01:30 GMT', undefined],
  ['-7', undefined],
  ['7.5', undefined],
  ['soon', undefined],
])('%j means %j ms', (header, expected) => {
  expect(retryAfterMs(header, NOW)).toBe(expected);
});
