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
    malformed: 0,
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
    expect(readTransaction(body, 't')).toEqual({ events: [], ephemeral: [], toDevice: [], malformed: 0 });
  });
});

describe('malformed events are counted, and do not stop the others', () => {
  test.each([
    ['null', null],
    ['text', 'event'],
    ['no event_id', { ...message(), event_id: undefined }],
    ['no room_id', { ...message(), room_id: undefined }],
    ['a sender that is no string', { ...message(), sender: 7 }],
    ['a time that is no number', { ...message(), origin_server_ts: 'now' }],
    ['content that is no object', { ...message(), content: 'hello' }],
    ['a list as content', { ...message(), content: [] }],
  ])('%s', (_, event) => {
    const good = message({ event_id: '$good' });
    expect(readTransaction({ events: [event, good] }, 't')).toMatchObject({ events: [good], malformed: 1 });
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

  test('content as deep as a homeserver allows is read', () => {
    let content: object = {};
    for (let depth = 0; depth < 1000; depth += 1) content = { x: content };
    expect(readTransaction({ events: [message({ content })] }, 't')?.events).toHaveLength(1);
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
