// The share of structure: half of what there is least of, and never nothing.
import { expect, test } from 'vitest';
import { bulkSlotsOf } from '../../src/app/bulk-slots.ts';

test.each([
  ['the defaults', 20, 8, 4],
  ['fewer workers than requests', 6, 8, 3],
  ['an odd number', 20, 7, 3],
  ['one worker', 1, 8, 1],
  ['one request', 20, 1, 1],
])('%s', (_, workers, maxConcurrentRequests, share) => {
  expect(bulkSlotsOf({ inbox: { workers }, matrix: { maxConcurrentRequests } })).toBe(share);
});
