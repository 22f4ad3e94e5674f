// Networks: where a request comes from, and whether that is one of the networks the operator listed.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
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

/**
 * Finds out who called: the peer, or whom the listed proxies in between say they speak for (X-Forwarded-For). Where a proxy names
 * no address, it is the proxy.
 */
export function createCallerAddress(isProxy: InNetworks): (request: IncomingMessage) => string {
  return (request) => {
    const hops = proxyAddress.all(request, (hop) => isProxy(plain(hop))).map(plain);
    return hops.findLast((hop) => isIP(hop) !== 0) ?? '';
  };
}

/**
 * Whose limit an address counts for: that of the address, or of its network of 64 bits, all of which one subscriber has by IPv6
 * (https://www.rfc-editor.org/rfc/rfc6177).
 */
export function subscriberOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [before = '', after] = address.split('::');
  const [head, tail] = [before, after ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const [first = [], last = []] = [head, tail];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const groups = [...first, ...zeros, ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/**
 * IPv4 addresses of sockets that listen on IPv6 come as `::ffff:1.2.3.4`, and some proxies add the port; of connections that are
 * gone comes no address.
 */
function plain(address: string | undefined): string {
  const [, ipv6, ipv4] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d{1,5})?$/i.exec(address ?? '') ?? [];
  return (ipv6 ?? ipv4 ?? address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
