// Who called: the peer, or whom our own proxies speak for, and nobody who only says so.
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { IncomingMessage as Incoming } from 'node:http';
import { expect, test } from 'vitest';
import {
  createCallerAddress,
  readNetworks,
  subscriberOf,
} from '../../../src/identity/protection/networks.ts';

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
  ['10.0.0.1', 'unknown, 10.0.0.2', '10.0.0.2'],
  ['10.0.0.1', '192.0.2.9:4711', '192.0.2.9'],
  ['10.0.0.1', '192.0.2.9, 10.0.0.2:80', '192.0.2.9'],
  ['10.0.0.1', '[2001:db8::9]:4711', '2001:db8::9'],
  ['10.0.0.1', '"[2001:db8::9]"', '10.0.0.1'],
  ['10.0.0.1', '', '10.0.0.1'],
  [undefined, '192.0.2.9', ''],
])('of %s with X-Forwarded-For %s it is %s', (peer, forwarded, expected) => {
  expect(callerAddress(request(peer, forwarded))).toBe(expected);
});

test.each([
  ['192.0.2.9', '192.0.2.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])(
  'the limit of %s is that of %s: one subscriber has all addresses of an IPv6 network',
  (address, expected) => {
    expect(subscriberOf(address)).toBe(expected);
  },
);
