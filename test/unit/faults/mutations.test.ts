// The fuzzer's own parts: what it makes of a request, and that it sees what must not be.
import { describe, expect, test } from 'vitest';
import { WATCHED_TYPES } from '../../faults/mutations/watched-types.ts';
import { LOOKED_AT } from '../../../src/flows/from-matrix/room-state-to-fhir.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { BSN, SAID, SECRETS } from '../../faults/mutations/canaries.ts';
import { changed, type Change } from '../../faults/mutations/change-json.ts';
import { mutated, type RequestExample } from '../../faults/mutations/change-request.ts';
import { EVENTS } from '../../faults/mutations/examples/events.ts';
import { RESOURCES } from '../../faults/mutations/examples/resources.ts';
import { deep, OVERFLOW, textOf } from '../../faults/mutations/hostile-json.ts';
import type { Json } from '../../../stack/stub-fhir/json.ts';
import { judgeLog } from '../../faults/mutations/judge-log.ts';
import { lesserParts, shorter, smallest } from '../../faults/mutations/lesser.ts';
import { bytesOf } from '../../faults/mutations/request.ts';

describe('every kind that the bridge handles has an example', () => {
  test.each(KINDS.map(({ name }) => name))('message %s', (kind) => {
    expect(EVENTS.filter((example) => example.kind === kind)).not.toEqual([]);
  });
  test.each([...LOOKED_AT])('state %s', (type) => {
    expect(EVENTS.filter((example) => example.type === type)).not.toEqual([]);
  });
  test.each(WATCHED_TYPES)('resource %s', (type) => {
    expect(RESOURCES.filter((example) => example.type === type)).not.toEqual([]);
  });
});

/** Its places: 0 the whole, 1 `a`, 2 `a.b`, 3 `c`, 4 `c.0`. */
const WHOLE: Json = { a: { b: 1 }, c: ['x'] };

describe('a change', () => {
  test.each<[string, Change, Json | string]>([
    ['puts a value', { op: 'put', at: 2, value: null }, { a: { b: null }, c: ['x'] }],
    ['counts on from the first place', { op: 'put', at: 7, value: 2 }, { a: { b: 2 }, c: ['x'] }],
    ['puts another whole', { op: 'put', at: 0, value: [] }, []],
    ['removes a key', { op: 'remove', at: 1 }, { c: ['x'] }],
    ['removes from a list', { op: 'remove', at: 4 }, { a: { b: 1 }, c: [] }],
    ['adds a key', { op: 'add', at: 1, key: '__proto__', value: 1 }, '{"a":{"b":1,"__proto__":1},"c":["x"]}'],
    ['adds to a list', { op: 'add', at: 3, key: 'k', value: 1 }, { a: { b: 1 }, c: ['x', 1] }],
    ['renames a key', { op: 'rename', at: 1, key: 'z' }, { z: { b: 1 }, c: ['x'] }],
    ['wraps a value', { op: 'wrap', at: 2, as: 'list', levels: 2 }, { a: { b: [[1]] }, c: ['x'] }],
    ['moves a value', { op: 'move', at: 2, from: 3 }, { a: { b: ['x'] }, c: ['x'] }],
    ['repeats a list', { op: 'repeat', at: 3, times: 3 }, { a: { b: 1 }, c: ['x', 'x', 'x'] }],
    ['writes a key twice', { op: 'same-key', at: 2, value: 2 }, '{"a":{"b":1,"b":2},"c":["x"]}'],
  ])('%s', (_, change, expected) => {
    expect(textOf(changed(WHOLE, [change]))).toBe(
      typeof expected === 'string' ? expected : JSON.stringify(expected),
    );
  });

  test('moves personal data nowhere', () => {
    const said: Json = { id: 1, body: `Hello ${SAID}` };
    expect(changed(said, [{ op: 'move', at: 1, from: 2 }])).toEqual({
      id: 'Hello moved',
      body: `Hello ${SAID}`,
    });
  });
});

test('the text of a value has what no value can have', () => {
  expect(textOf({ a: OVERFLOW, b: deep(3), c: -OVERFLOW })).toBe('{"a":1e999,"b":[[[]]],"c":-1e999}');
});

const example: RequestExample = {
  ...{ route: 'main POST /a/:b', listener: 'main', method: 'POST', target: '/a/b?c=d', secret: 'the-secret' },
  ...{ body: { text: 'hello' }, status: 200 },
};

describe('a request', () => {
  test('without mutation is the right one', () => {
    expect(bytesOf(mutated(example, {})).toString()).toBe(
      'POST /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer the-secret\r\nContent-Length: 16\r\n\r\n{"text":"hello"}',
    );
  });
  test.each<[string, Parameters<typeof mutated>[1], string]>([
    ['another segment', { target: { op: 'segment', at: 1, text: '..' } }, 'POST /a/..?c=d HTTP'],
    ['another query', { target: { op: 'query', text: 'x' } }, 'POST /a/b?x HTTP'],
    ['another method', { method: 'PUT' }, 'PUT /a/b'],
    ['no secret', { secret: 'missing' }, '127.0.0.1\r\nContent-Length'],
    ['two secrets', { secret: 'twice' }, 'Bearer wrong\r\nAuthorization: Bearer the-secret'],
    ['a length that is a lie', { framing: 'shorter' }, 'Content-Length: 8\r\n'],
    ['chunks', { framing: 'chunked' }, '8\r\n{"text":\r\n8\r\n"hello"}\r\n0\r\n\r\n'],
    ['bytes that are no text', { bytes: { op: 'insert', at: 1, bytes: [65] } }, '{A"text"'],
  ])('with %s', (_, mutation, expected) => {
    expect(bytesOf(mutated(example, mutation)).toString()).toContain(expected);
  });
});

describe('a line of the log is a finding', () => {
  const line = (level: string, msg: string, more: object = {}): string =>
    JSON.stringify({ level, msg, ...more });
  test.each([
    ['with the text of a message', line('info', 'Stored', { what: SAID.toUpperCase() })],
    ['with a BSN', line('warn', 'Stored', { id: `x${BSN}` })],
    ['with a secret', line('debug', 'Asked', { header: `Bearer ${SECRETS.hsToken}` })],
    ['of an error', line('error', 'A flow failed with an unexpected error')],
    ['of a failed pass', line('warn', 'A pass failed and will be repeated')],
  ])('%s', (_, text) => {
    expect(judgeLog([text])).toHaveLength(1);
  });
  test.each([line('error', 'An item became a dead letter'), line('warn', 'Will try an item again')])(
    'but not %s',
    (text) => {
      expect(judgeLog([text])).toEqual([]);
    },
  );
});

test('what fails is made as small as still fails', async () => {
  const failing = { changes: [1, 2, 3], method: 'PUT' };
  const fails = ({ changes = [] }: Partial<typeof failing>): Promise<boolean> =>
    Promise.resolve(changes.includes(2));
  expect(await smallest<Partial<typeof failing>>(failing, lesserParts, fails)).toEqual({ changes: [2] });
  expect(shorter([1])).toEqual([]);
});
