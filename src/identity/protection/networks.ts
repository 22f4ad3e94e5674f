// Networks: where a request comes from, and whether that is one of the networks the operator listed.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import proxyAddress from 'proxy-addr';

/** Tells whether an address lies in one of some networks. */
export type InNetworks = (address: string) => boolean;

/**
 * Reads networks in CIDR notation, or single addresses.
 * @throws TypeError for anything else
 */
export function readNetworks(networks: readonly string[]): InNetworks {
  const list = new BlockList();
  for (const network of networks) {
    const [net = '', prefix] = network.split('/');
    const family = isIP(net);
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (family === 0 || !(length <= bits)) throw new TypeError(`Expected a network such as 10.1.0.0/16`);
    list.addSubnet(net, length, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** Finds out who called: the peer, or whom the listed proxies in between say they speak for (X-Forwarded-For). */
export function createCallerAddress(isProxy: InNetworks): (request: IncomingMessage) => string {
  return (request) => plain(proxyAddress(request, (hop) => isProxy(plain(hop))));
}

/** IPv4 addresses of sockets that listen on IPv6 come as `::ffff:1.2.3.4`; of connections that are gone comes none. */
const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
