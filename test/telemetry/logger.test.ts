// What the log prints of an error: enough to find its place, and nothing that may be about a patient.
import { expect, test } from 'vitest';
import { TransactionPoolerError } from '../../src/inbox/errors.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { describeError } from '../../src/telemetry/logger.ts';

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

test('of what is no error only the type is printed', () => {
  expect(describeError('Jansen')).toEqual({ name: 'string' });
});
