// Answers are good for a short time, and no more than so many are kept.
import { expect, test } from 'vitest';
import { createRecent } from '../../src/flows/recent.ts';

const LIMITS = { forMs: 10, most: 2 };

test('an answer is good until its time is over, and as long again when it is given anew', () => {
  let now = 0;
  const recent = createRecent<string>({ monotonicMs: () => now }, LIMITS);
  recent.set('a', 'x');
  now = 9;
  expect(recent.get('a')).toBe('x');
  recent.set('a', 'y');
  now = 18;
  expect(recent.get('a')).toBe('y');
  now = 19;
  expect(recent.get('a')).toBeUndefined();
});

test('of more than are kept, the oldest goes', () => {
  const recent = createRecent<string>({ monotonicMs: () => 0 }, LIMITS);
  for (const key of ['a', 'b', 'a', 'c']) recent.set(key, key);
  expect(['a', 'b', 'c'].map(recent.get)).toEqual(['a', undefined, 'c']);
  recent.clear();
  expect(recent.get('c')).toBeUndefined();
});
