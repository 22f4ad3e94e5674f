// Which network addresses are public: what a name given by others may resolve to, and nothing else.
import { lookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIPv6 } from 'node:net';
import { HttpFailure } from './failure.ts';

/** Private, local and special addresses (IANA special-purpose registries). */
const SPECIAL: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Everything but global unicast, and what within that leads to IPv4 or is for documents. */
const SPECIAL_IPV6: readonly (readonly [string, number])[] = [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
];

// Two lists: in one, a network of IPv6 that holds `::ffff:0:0/96` would match every address of IPv4.
const specialIpv4 = new BlockList();
for (const [net, prefix] of SPECIAL) specialIpv4.addSubnet(net, prefix, 'ipv4');
const specialIpv6 = new BlockList();
for (const [net, prefix] of SPECIAL_IPV6) specialIpv6.addSubnet(net, prefix, 'ipv6');

/** Tells whether an address is one of the public internet. IPv4 addresses written as IPv6 are not. */
export function isPublicAddress(address: string): boolean {
  return isIPv6(address) ? !specialIpv6.check(address, 'ipv6') : !specialIpv4.check(address, 'ipv4');
}

/** What is said of a connection that may not be made. */
export const notPublic = (): HttpFailure => new HttpFailure('private-address', 'EPRIVATEADDRESS');

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * Resolves a name for a connection, as `dns.lookup` does, to public addresses only. The connection goes to what was
 * checked here: the name is not resolved a second time.
 */
export function lookupPublic(hostname: string, options: LookupOptions, callback: Callback): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
      callback(notPublic(), []);
      return;
    }
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
}
