// Medians and percentiles of few and of many values.
import { expect, test } from 'vitest';
import { median, percentile } from '../../bench/result.ts';

test.each<[string, readonly number[], number, number]>([
  ['the only one', [7], 99, 7],
  ['the middle of three, in any order', [9, 1, 5], 50, 5],
  ['the lower middle of four', [4, 3, 2, 1], 50, 2],
  ['the last but one of a hundred', Array.from({ length: 100 }, (_, index) => index + 1), 99, 99],
  ['the largest of ten, which one in a hundred is not below', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 99, 10],
  ['the smallest', [3, 2, 1], 0, 1],
])('%s', (_, values, percent, expected) => {
  expect(percentile(values, percent)).toBe(expected);
});

test('there is no median of nothing', () => {
  expect(median([])).toBeNaN();
});
