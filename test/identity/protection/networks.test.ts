// Who called: the peer, or whom our own proxies speak for, and nobody who only says so.
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { IncomingMessage as Incoming } from 'node:http';
import { expect, test } from 'vitest';
import { createCallerAddress, readNetworks } from '../../../src/identity/protection/networks.ts';

const callerAddress = createCallerAddress(readNetworks(['10.0.0.0/8', '::1']));

function request(peer: string | undefined, forwarded: string | undefined): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const incoming = new Incoming(socket);
  if (forwarded !== undefined) incoming.headers['x-forwarded-for'] = forwarded;
  return incoming;
}

test.each<[string | undefined, string | undefined, string]>([
  ['192.0.2.1', undefined, '192.0.2.1'],
  ['192.0.2.1', '192.0.2.9', '192.0.2.1'],
  ['10.0.0.1', '192.0.2.9', '192.0.2.9'],
  ['::ffff:10.0.0.1', '::ffff:192.0.2.9', '192.0.2.9'],
  ['::1', '192.0.2.7, 192.0.2.9', '192.0.2.9'],
  ['10.0.0.1', '192.0.2.9, 10.0.0.2', '192.0.2.9'],
  ['10.0.0.1', '192.0.2.9,,10.0.0.2 , ', '192.0.2.9'],
  ['10.0.0.1', 'unknown, 10.0.0.2', 'unknown'],
  ['10.0.0.1', '', '10.0.0.1'],
  [undefined, '192.0.2.9', ''],
])('of %s with X-Forwarded-For %s it is %s', (peer, forwarded, expected) => {
  expect(callerAddress(request(peer, forwarded))).toBe(expected);
});
