// Draws changes of JSON values.
import fc from 'fast-check';
import type { Change } from './change-json.ts';
import { oddKey, oddValue } from './odd-values.ts';

/** More places than any example has. */
const at = fc.nat(400);
const levels = fc.constantFrom(1, 2, 20, 99, 101, 1_000);

const change: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: fc.record({ op: fc.constant('put'), at, value: oddValue }), weight: 8 },
  { arbitrary: fc.record({ op: fc.constant('remove'), at }), weight: 4 },
  { arbitrary: fc.record({ op: fc.constant('add'), at, key: oddKey, value: oddValue }), weight: 3 },
  { arbitrary: fc.record({ op: fc.constant('rename'), at, key: oddKey }), weight: 2 },
  { arbitrary: fc.record({ op: fc.constant('move'), at, from: at }), weight: 3 },
  {
    arbitrary: fc.record({ op: fc.constant('wrap'), at, as: fc.constantFrom('list', 'object'), levels }),
    weight: 2,
  },
  { arbitrary: fc.record({ op: fc.constant('repeat'), at, times: fc.constantFrom(2, 30, 600) }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('same-key'), at, value: oddValue }), weight: 1 },
);

/** One to four changes; they shrink to the fewest and plainest that still show a fault. */
export const changes: fc.Arbitrary<readonly Change[]> = fc.array(change, { minLength: 1, maxLength: 4 });
