// Which addresses are public, and that names are resolved to no others.
import { lookup } from 'node:dns/promises';
import { expect, test } from 'vitest';
import { isPublicAddress, lookupPublic } from '../../src/net/public-addresses.ts';

test.each([
  ['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
  ['172.31.255.255', '192.0.0.1', '192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::a00:1', 'fc00::1', 'fd12::1', 'fe80::1'],
  ['ff02::1', '2001:db8::1', '2001::1', '2002:a00:1::1', '100::1', '::127.0.0.1'],
])('%s and the like are not public', (...addresses) => {
  expect(addresses.filter(isPublicAddress)).toEqual([]);
});

test.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '193.0.0.1', '2a00:1450:400e::1', '2606:4700::1111'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test('resolves names once, and gives the connection what was checked', async () => {
  const { address } = await lookup('localhost');
  expect(isPublicAddress(address)).toBe(false);
  for (const all of [true, false]) {
    const error = await new Promise((resolve) => {
      lookupPublic('localhost', { all }, resolve);
    });
    expect(error).toMatchObject({ reason: 'private-address', message: 'EPRIVATEADDRESS' });
  }
});
