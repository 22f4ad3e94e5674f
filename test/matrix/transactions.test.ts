// What a pushed transaction is read as: whatever a homeserver may send, and whatever it should not.
import { describe, expect, test } from 'vitest';
import { readTransaction } from '../../src/matrix/transactions.ts';
import { message } from '../builders/matrix.ts';

const receiptOf = (user: string) => ({
  ...{ type: 'm.receipt', room_id: '!room:h' },
  content: { $e: { 'm.read': { [user]: { ts: 1 } } } },
});
const receipt = receiptOf('@a:h');
const read = { roomId: '!room:h', userId: '@a:h', eventId: '$e', readAt: new Date(1) };

test('events come whole, in their order, also with fields that the bridge does not know', () => {
  const first = { ...message({ event_id: '$1' }), unsigned: { age: 1 } };
  const second = message({ event_id: '$2', state_key: '' });
  expect(readTransaction({ events: [first, second] }, 't')).toEqual({
    events: [first, second],
    receipts: [],
    setAside: [],
  });
});

describe('receipts under their stable name come before those under the unstable one', () => {
  const other = receiptOf('@b:h');
  test.each([
    ['stable', { ephemeral: [receipt] }],
    ['unstable', { 'de.sorunome.msc2409.ephemeral': [receipt] }],
    ['both', { ephemeral: [receipt], 'de.sorunome.msc2409.ephemeral': [other] }],
  ])('%s', (_, body) => {
    expect(readTransaction({ events: [], ...body }, 't')?.receipts).toEqual([read]);
  });
});

test('events may be absent, as in a transaction of device lists', () => {
  const body = { 'org.matrix.msc3202.device_lists': { changed: ['@a:h'] } };
  expect(readTransaction(body, 't')).toEqual({ events: [], receipts: [], setAside: [] });
});

describe('a time that no calendar has, which any homeserver may give, is the nearest that the bridge can store', () => {
  test.each([
    ['after the year 9999', 8_640_000_000_000_001, Date.UTC(9999, 11, 31)],
    ['the largest number of an event', 2 ** 53 - 1, Date.UTC(9999, 11, 31)],
    ['before 1970', -5_000_000_000_000_000, -1],
    ['the smallest number of JSON', -Number.MAX_VALUE, -1],
    ['now', 1_764_500_000_000, 1_764_500_000_000],
  ])('%s', (_, given, stored) => {
    const event = message({ origin_server_ts: given });
    expect(readTransaction({ events: [event] }, 't')?.events).toEqual([
      { ...event, origin_server_ts: stored },
    ]);
  });
});

describe('what is no event is set aside by its id or its place, and does not stop the others', () => {
  test.each([
    ['null', null, 'transaction t 0'],
    ['text', 'event', 'transaction t 0'],
    ['no event_id', { ...message(), event_id: undefined }, 'transaction t 0'],
    ['an event_id that is none', { ...message(), event_id: `$${'x'.repeat(3000)}` }, 'transaction t 0'],
    ['a room_id that is too long', { ...message(), room_id: `!${'x'.repeat(3000)}` }],
    ['no room_id', { ...message(), room_id: undefined }],
    ['a sender that is no string', { ...message(), sender: 7 }],
    ['a time that is no number', { ...message(), origin_server_ts: 'now' }],
    ['content that is no object', { ...message(), content: 'hello' }],
    ['a list as content', { ...message(), content: [] }],
  ])('%s', (_, event, id = '$event:example.org') => {
    const good = message({ event_id: '$good' });
    expect(readTransaction({ events: [event, good] }, 't')).toMatchObject({
      events: [good],
      setAside: [{ id, reason: 'malformed' }],
    });
  });

  /** As a homeserver on a recent Python lets through. */
  const nested = (levels: number): object => {
    const text = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    return JSON.parse(text) as object;
  };

  test.each([2_500, 20_000])('an event of %i levels', (levels) => {
    const deep = message({ event_id: '$deep', content: nested(levels) });
    expect(readTransaction({ events: [deep, message()] }, 't')).toMatchObject({
      events: [message()],
      setAside: [{ id: '$deep', reason: 'too-deep' }],
    });
  });

  test('one of fifty levels is an event', () => {
    const deep = message({ content: nested(50) });
    expect(readTransaction({ events: [deep] }, 't')).toMatchObject({ events: [deep], setAside: [] });
  });

  test.each([
    null,
    7,
    'x',
    [],
    { type: 'm.receipt' },
    { ...receipt, room_id: 7 },
    { ...receipt, content: nested(20_000) },
  ])('what is no receipt hides none (%#)', (odd) => {
    expect(readTransaction({ ephemeral: [odd, receipt] }, 't')?.receipts).toEqual([read]);
  });
});

test.each([
  ['null', null],
  ['text', 'x'],
  ['a list', []],
  ['events that are no list', { events: {} }],
  ['nothing at all', undefined],
])('a body that is no transaction is refused: %s', (_, body) => {
  expect(readTransaction(body, 't')).toBeUndefined();
});

describe('characters that PostgreSQL cannot hold are replaced, so that one hostile event does not stop the rest', () => {
  const bad = 'a\0b\uD800c';
  const good = 'a\uFFFDb\uFFFDc';

  test.each([
    ['in a text', { content: { body: bad } }, { content: { body: good } }],
    ['deep in the content', { content: { x: [{ y: bad }] } }, { content: { x: [{ y: good }] } }],
    ['in a key', { content: { [bad]: 1 } }, { content: { [good]: 1 } }],
    ['in the type', { type: bad }, { type: good }],
    ['in the state key', { state_key: bad }, { state_key: good }],
    ['in the sender', { sender: bad }, { sender: good }],
    ['in the ids', { event_id: bad, room_id: bad }, { event_id: good, room_id: good }],
  ])('%s', (_, over, expected) => {
    expect(readTransaction({ events: [message(over)] }, 't')?.events).toEqual([message(expected)]);
  });

  test('emoji and other pairs of surrogates stay as they are', () => {
    expect(
      readTransaction({ events: [message({ content: { body: '🩺' } })] }, 't')?.events[0]?.content,
    ).toEqual({
      body: '🩺',
    });
  });
});
