// What the log prints of an error: enough to find its place, and nothing that may be about a patient.
import { describe, expect, test } from 'vitest';
import { TransactionPoolerError } from '../../src/inbox/errors.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { createLogger, describeError } from '../../src/telemetry/logger.ts';

test('what is said again and again is printed a hundred times in a minute', () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  for (let index = 0; index < 1_000; index += 1) log.warn({ index }, 'Refused a call');
  expect(lines).toHaveLength(100);
});

test('an error is printed with its name, code and frames, and without its message', () => {
  const error = Object.assign(new TypeError('Unexpected token J in Jansen'), { code: 'ERR_X' });
  const printed = describeError(error);
  expect(printed).toMatchObject({ name: 'TypeError', code: 'ERR_X' });
  expect(printed['frames']).toContainEqual(expect.stringContaining('logger.test.ts'));
  expect(JSON.stringify(printed)).not.toContain('Jansen');
});

test('the message of an error of the catalogue is printed, and the advice of others', () => {
  expect(describeError(new BridgeError('room-foreign', 'read state: 403'))).toMatchObject({
    code: 'room-foreign',
    message: 'room-foreign: read state: 403',
  });
  const printed = describeError(new TransactionPoolerError());
  expect(printed).toMatchObject({
    advice: expect.stringContaining('PgBouncer') as string,
    message: undefined,
  });
});

describe('of what is no error, name and code are printed where they are words, and no text', () => {
  test.each([
    ['a text', 'Jansen', { name: 'string' }],
    ['nothing', undefined, { name: 'undefined' }],
    ['null', null, { name: 'object' }],
    ['an object', { detail: 'Jansen' }, { name: 'object' }],
    [
      'an error that was described before',
      { name: 'TypeError', code: 'fhir-answer', message: 'Jansen' },
      { name: 'TypeError', code: 'fhir-answer' },
    ],
    ['a code of the system', { code: 'ECONNRESET' }, { name: 'object', code: 'ECONNRESET' }],
    ['a name of a person', { name: 'Jansen', code: 'Mrs Jansen' }, { name: 'object' }],
    ['a number as code', { name: 'AbortError', code: '999911120' }, { name: 'AbortError' }],
    ['an object of a class', new Map([['Jansen', 1]]), { name: 'Map' }],
    ['an object without a class', Object.assign(Object.create(null) as object, { a: 1 }), { name: 'object' }],
  ])('%s', (_, thrown, printed) => {
    expect(JSON.parse(JSON.stringify(describeError(thrown)))).toEqual(printed);
  });
});
