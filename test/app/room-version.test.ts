// The version of new rooms: the configured one, else what the homeserver announces.
import { expect, test } from 'vitest';
import { createRoomVersion } from '../../src/app/room-version.ts';

const never = new AbortController().signal;

test('is the configured one, and the homeserver is not asked', async () => {
  const version = createRoomVersion('11', () => Promise.reject(new Error('Nothing was to be asked')));
  expect(await version(never)).toBe('11');
});

test('is what the homeserver announces by default: it is asked once, and again after it did not answer', async () => {
  const answers = [Promise.reject(new Error('The homeserver is down')), Promise.resolve('12')];
  answers[0]?.catch(() => undefined);
  const version = createRoomVersion('default', () => answers.shift() ?? Promise.resolve('11'));
  await expect(version(never)).rejects.toThrow('down');
  expect([await version(never), await version(never)]).toEqual(['12', '12']);
});
