// The Matrix user ids of ghosts, and the markers of rooms: keyed hashes that say nothing without the key.
import { createHmac } from 'node:crypto';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';

/** Characters of Crockford's base32 in lower case: all are legal in a localpart, and none depends on case. */
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The user id of a ghost: a keyed hash of the reference. Without the key no one can tell who it is; the bridge finds the
 * reference in its store.
 * @param key the pseudonymization key of the configuration; with another key every ghost has another id
 * @param givenUp how many ghosts of the person were given up, when they were forgotten: the next one has another id
 */
export function ghostUserId(
  reference: FhirReference,
  { key, prefix, serverName }: { key: string; prefix: string; serverName: string },
  givenUp = 0,
): MatrixUserId {
  const person = givenUp === 0 ? reference : `${reference}:${givenUp}`;
  const mac = createHmac('sha256', key).update(`ghost:${person}`).digest();
  return `@${prefix}${base32(mac.subarray(0, 15))}:${serverName}` as MatrixUserId;
}

/** By what a person who was forgotten is known again, and nobody can tell who it is without the key. */
export function forgottenDigest(person: FhirReference | MatrixUserId, key: string): string {
  return base32(createHmac('sha256', key).update(`forgotten:${person}`).digest().subarray(0, 20));
}

/**
 * The opaque marker in the creation content of a room, by which the bridge recognises its own rooms.
 * @param generation the number of the attempt to create this room, so that an abandoned attempt has another marker
 */
export function roomMarker(reference: FhirReference, generation: number, key: string): string {
  return base32(createHmac('sha256', key).update(`room:${reference}:${generation}`).digest().subarray(0, 20));
}

/** A name for a resource that says nothing without the key: of aliases that are not to be guessed. */
export function opaqueName(reference: FhirReference, key: string): string {
  return base32(createHmac('sha256', key).update(`alias:${reference}`).digest().subarray(0, 20));
}

function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join('');
}
