// When a job stands still: what its passes say, on either side of each bound.
import { expect, test } from 'vitest';
import { lateAfter, standingStill } from '../../src/ops/standing-still.ts';

const LATE_AFTER_MS = 90_000;

test.each([
  ['a good pass a moment ago', { goodSecondsAgo: 0, failures: 0 }, 0, undefined],
  ['two failures since', { goodSecondsAgo: 20, failures: 2 }, 0, undefined],
  ['three failures since', { goodSecondsAgo: 20, failures: 3 }, 0, 'failing'],
  ['a good pass just not too long ago', { goodSecondsAgo: 90, failures: 0 }, 0, undefined],
  ['a good pass too long ago, though none failed: one hangs', { goodSecondsAgo: 91, failures: 0 }, 0, 'late'],
  ['no good pass ever, watched for a moment', { goodSecondsAgo: undefined, failures: 0 }, 1_000, undefined],
  ['no good pass ever, watched for long', { goodSecondsAgo: undefined, failures: 1 }, 91_000, 'late'],
  ['no pass at all, watched for long', undefined, 91_000, 'late'],
  ['no pass at all yet', undefined, 90_000, undefined],
] as const)('%s', (_, passes, watchedForMs, how) => {
  expect(standingStill(LATE_AFTER_MS, passes, watchedForMs)).toBe(how);
});

test('the last good pass of a reader may be three intervals and a minute old', () => {
  expect([lateAfter(5_000), lateAfter(3_600_000)]).toEqual([75_000, 10_860_000]);
});
