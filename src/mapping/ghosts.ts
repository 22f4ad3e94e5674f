// The Matrix user id of a FHIR person without a Matrix account of their own.
import { createHmac } from 'node:crypto';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';

/** Characters of Crockford's base32 in lower case: all are legal in a localpart, and none depends on case. */
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The ghost's user id: a keyed hash of the reference, so that nobody without the key can tell who it is; the
 * bridge itself finds the reference in its store.
 * @param key the pseudonymization key of the configuration; changing it changes every ghost
 */
export function ghostUserId(
  reference: FhirReference,
  { key, prefix, serverName }: { key: string; prefix: string; serverName: string },
): MatrixUserId {
  const mac = createHmac('sha256', key).update(`ghost:${reference}`).digest();
  return `@${prefix}${base32(mac.subarray(0, 15))}:${serverName}` as MatrixUserId;
}

/**
 * The opaque marker in a room's creation content, by which the bridge knows a room of its own.
 * @param generation counts the attempts at making this room, so that a dropped attempt is not taken for it
 */
export function roomMarker(reference: FhirReference, generation: number, key: string): string {
  return base32(createHmac('sha256', key).update(`room:${reference}:${generation}`).digest().subarray(0, 20));
}

function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join('');
}
