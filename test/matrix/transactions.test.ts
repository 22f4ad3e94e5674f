// What a pushed transaction is read as: whatever a homeserver may send, and whatever it should not.
import { describe, expect, test } from 'vitest';
import { readToDevice, readTransaction } from '../../src/matrix/transactions.ts';
import { message } from '../builders/matrix.ts';

const receipt = { type: 'm.receipt', room_id: '!room:h', content: { $e: { 'm.read': {} } } };
const toDevice = {
  type: 'm.room.encrypted',
  sender: '@a:h',
  to_user_id: '@_fhir_bot:h',
  to_device_id: 'BRIDGE',
  content: {},
};

test('events come whole, in their order, also with fields that the bridge does not know', () => {
  const first = { ...message({ event_id: '$1' }), unsigned: { age: 1 } };
  const second = message({ event_id: '$2', state_key: '' });
  expect(readTransaction({ events: [first, second] }, 't')).toEqual({
    events: [first, second],
    ephemeral: [],
    toDevice: [],
    setAside: [],
  });
});

describe('stable names come before unstable ones', () => {
  test.each([
    ['stable', { ephemeral: [receipt], to_device: [toDevice] }],
    ['unstable', { 'de.sorunome.msc2409.ephemeral': [receipt], 'de.sorunome.msc2409.to_device': [toDevice] }],
    [
      'both: the stable ones, once',
      {
        ephemeral: [receipt],
        'de.sorunome.msc2409.ephemeral': [receipt],
        to_device: [toDevice],
        'de.sorunome.msc2409.to_device': [toDevice],
      },
    ],
  ])('%s', (_, body) => {
    const parts = readTransaction({ events: [], ...body }, 't');
    expect(parts?.ephemeral).toEqual([
      { sourceId: expect.any(String) as string, scope: '!room:h', content: receipt },
    ]);
    expect(parts?.toDevice).toEqual([
      { sourceId: expect.any(String) as string, scope: '@_fhir_bot:h', content: toDevice },
    ]);
  });

  test('events may be absent, as in a transaction of device lists', () => {
    const body = { 'org.matrix.msc3202.device_lists': { changed: ['@a:h'] } };
    expect(readTransaction(body, 't')).toEqual({ events: [], ephemeral: [], toDevice: [], setAside: [] });
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

  test('a to-device message or an ephemeral event of many levels is left out', () => {
    const deep = { type: 'm.x', room_id: '!r:h', to_user_id: '@b:h', content: nested(2_500) };
    const parts = readTransaction({ ephemeral: [deep, receipt], to_device: [deep, toDevice] }, 't');
    expect([parts?.ephemeral.length, parts?.toDevice.length]).toEqual([1, 1]);
    expect(readToDevice(deep)).toEqual([]);
  });

  test('ephemeral and to-device parts that are no objects are left out', () => {
    const parts = readTransaction(
      { events: [], ephemeral: [null, 7, receipt], to_device: ['x', toDevice] },
      't',
    );
    expect([parts?.ephemeral.length, parts?.toDevice.length]).toEqual([1, 1]);
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

  test('in ephemeral and to-device parts', () => {
    const parts = readTransaction({ ephemeral: [{ room_id: bad }], to_device: [{ to_user_id: bad }] }, 't');
    expect(parts?.ephemeral[0]).toMatchObject({ scope: good, content: { room_id: good } });
    expect(parts?.toDevice[0]).toMatchObject({ scope: good, content: { to_user_id: good } });
  });

  test('emoji and other pairs of surrogates stay as they are', () => {
    expect(
      readTransaction({ events: [message({ content: { body: '🩺' } })] }, 't')?.events[0]?.content,
    ).toEqual({
      body: '🩺',
    });
  });
});

describe('an event without id gets one', () => {
  const idOf = (body: object, txnId: string, part: 'ephemeral' | 'toDevice', index = 0) =>
    readTransaction(body, txnId)?.[part][index]?.sourceId;

  test('the id of a receipt depends on its transaction and its place there', () => {
    const body = { ephemeral: [receipt, receipt] };
    const ids = [
      idOf(body, 't1', 'ephemeral'),
      idOf(body, 't1', 'ephemeral', 1),
      idOf(body, 't2', 'ephemeral'),
    ];
    expect(new Set(ids).size).toBe(3);
    expect(idOf(body, 't1', 'ephemeral')).toBe(ids[0]);
  });

  test('the id of a to-device message is the same pushed and synced, in every order of keys', () => {
    const pushed = idOf({ to_device: [toDevice] }, 't1', 'toDevice');
    const { content, sender, type } = toDevice;
    const to = { to_device_id: 'BRIDGE', to_user_id: '@_fhir_bot:h' };
    expect(readToDevice({ content, type, sender }, to)[0]?.sourceId).toBe(pushed);
    expect(idOf({ to_device: [toDevice] }, 't2', 'toDevice')).toBe(pushed);
    expect(idOf({ to_device: [{ ...toDevice, content: { a: 1 } }] }, 't1', 'toDevice')).not.toBe(pushed);
  });
});
