// Which message comes later: by the homeserver's order where the log knows it, else by the order of carrying; never by time.
import { describe, expect, test } from 'vitest';
import { isAfter, lastOf, type Place } from '../../../src/mapping/read-state/order.ts';

const place = (sequence: number, position?: number, lane = 'to-fhir:!room'): Place => ({
  sequence,
  logged: position === undefined ? undefined : { lane, position },
});

describe('one message comes after another', () => {
  test.each<[string, Place, Place, boolean]>([
    ['carried later, both in the log', place(2, 20), place(1, 10), true],
    ['carried later, but earlier in the room: they crossed each other', place(2, 10), place(1, 20), false],
    ['not in the log any more: by the order of carrying', place(2), place(1), true],
    ['only one of them in the log', place(1, 99), place(2), false],
    ['in another room of the conversation', place(2, 1, 'to-fhir:!new'), place(1, 99), true],
    ['the first message of the conversation comes before all', place(0), place(1), false],
    ['no message comes after itself', place(1, 10), place(1, 10), false],
  ])('%s', (_, one, other, expected) => {
    expect(isAfter(one, other)).toBe(expected);
  });
});

test('the last of many is found in whatever order they are given', () => {
  const [a, b, c] = [place(3, 10), place(1, 20), place(2, 15)];
  const orders = [
    [a, b, c],
    [b, c, a],
    [c, a, b],
  ];
  expect(orders.map((given) => lastOf(given))).toEqual([b, b, b]);
  expect(lastOf<Place>([])).toBeUndefined();
});
