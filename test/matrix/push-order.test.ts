// What a request tells of the order of its transaction.
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createReadPushOrder } from '../../src/matrix/push-order.ts';

function createScene() {
  let ms = 0;
  const read = createReadPushOrder({ now: () => new Date((ms += 1_000)) });
  const socket = new Socket();
  return { socket, read: (txnId: string, headers = {}, on = socket) => read({ headers, socket: on }, txnId) };
}

test('its number, and since when its connection is known', () => {
  const { read } = createScene();
  expect(read('7')).toEqual({ number: 7, connectedAt: new Date(1_000) });
  expect(read('8')).toEqual({ number: 8, connectedAt: new Date(1_000) });
  expect(read('9', {}, new Socket())).toEqual({ number: 9, connectedAt: new Date(2_000) });
});

test.each(['', '0', '07', '7.1', '-7', 'abc', '1'.repeat(16)])('no number where the id is “%s”', (txnId) => {
  expect(createScene().read(txnId).number).toBeUndefined();
});

test.each(['via', 'forwarded', 'x-forwarded-for'])('no number where %s tells of a proxy', (name) => {
  expect(createScene().read('7', { [name]: 'something' }).number).toBeUndefined();
});
