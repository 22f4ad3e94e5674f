// The order of rooms in the list of their space: as they began.
import { describe, expect, test } from 'vitest';
import { authoredAt, childOrder, hasPlace } from '../../src/mapping/child-order.ts';

test.each([
  ['2026-03-09T09:30:00+01:00', '2026-03-09T08:30:00.000Z'],
  ['2026-03-09', '2026-03-09T00:00:00.000Z'],
  ['2026-03-09T09:30:00', '2026-03-09T09:30:00.000Z'],
  ['+12026-03-09T09:30:00Z', undefined],
  ['yesterday', undefined],
  [undefined, undefined],
])('a conversation of %s began at %s', (authoredOn, expected) => {
  expect(authoredAt(authoredOn)).toBe(expected);
});

test('rooms stand in the order in which they began, then as they were made; those without a beginning last', () => {
  const rooms = [
    { authoredAt: undefined, number: 1 },
    { authoredAt: '2026-03-09T08:30:00.000Z', number: 10 },
    { authoredAt: '2026-03-09T08:30:00.000Z', number: 9 },
    { authoredAt: '2025-12-31T23:59:59.999Z', number: 2_147_483_647 },
  ];
  const orders = rooms.map(childOrder);
  expect(orders.toSorted()).toEqual([3, 2, 1, 0].map((index) => orders[index]));
  for (const order of orders) expect(hasPlace(order, order)).toBe(true);
});

describe('the place of a room', () => {
  const wanted = '2026-03-09T08:30:00.000Z 0000000031';

  test.each([['a'], ['01'], ['2026-03-09'], ['x'.repeat(50)]])('stays where a user put it: %j', (order) => {
    expect(hasPlace(order, wanted)).toBe(true);
  });

  test.each([
    ['~ 0000000031'],
    ['2026-03-08T08:30:00.000Z 0000000031'],
    [undefined],
    [''],
    ['ü'],
    ['\n'],
    ['x'.repeat(51)],
    [7],
  ])('is given anew where the bridge gave it otherwise, or it is none: %j', (order) => {
    expect(hasPlace(order, wanted)).toBe(false);
  });
});
