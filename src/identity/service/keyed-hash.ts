// Keyed hashes of third-party identifiers: what the audit and the rate limits know instead of the address.
import { createHmac, hkdfSync } from 'node:crypto';
import type { Threepid } from '../directory.ts';

/** Hashes so that who has the key can look for one address, and who has not can find none. */
export interface KeyedHash {
  readonly ofThreepid: (threepid: Threepid) => Buffer;
  /** Of something that is no identifier: a hash that a client sent, the name at a login. */
  readonly ofText: (text: string) => Buffer;
}

/**
 * Creates the hash.
 * @param secret any secret of the installation; a key of its own is derived from it
 */
export function createKeyedHash(secret: string): KeyedHash {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'identity audit', 32));
  const hash = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    ofThreepid: ({ medium, address }) => hash(`${medium} ${address}`),
    ofText: (text) => hash(`text ${text}`),
  };
}
