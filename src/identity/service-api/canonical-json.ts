// Canonical JSON and its signatures (https://spec.matrix.org/v1.19/appendices/#signing-json).
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JsonValue } from '../../domain/json.ts';
import { withoutTrailing } from '../../domain/trailing.ts';

/** A long-term key of the identity server. */
export interface SigningKey {
  /** Such as `ed25519:a_1b2c3d`. */
  readonly id: string;
  /** Unpadded base64. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

type JsonObject = Readonly<Record<string, JsonValue>>;

/** PKCS #8 of an Ed25519 key up to its 32 bytes (https://www.rfc-editor.org/rfc/rfc8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/** The shortest JSON: keys sorted by code point, no insignificant white space. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(canonicalJson).join(',')}]`;
  const members = Object.entries(value as JsonObject)
    .sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/**
 * Reads a signing key: 32 bytes in base64, with or without padding. Its id follows from it.
 * @throws TypeError when it is none
 */
export function readSigningKey(seed: string): SigningKey {
  const bytes = Buffer.from(seed.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
  if (bytes.length !== SEED_BYTES) throw new TypeError('Expected 32 bytes in base64 for a signing key');
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, bytes]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  return { id: `ed25519:${publicKey.replace(/[^A-Za-z0-9]/g, '').slice(0, 8)}`, publicKey, privateKey };
}

/** The 32 bytes of an Ed25519 public key, in unpadded base64. */
export function rawPublicKey(key: KeyObject): string {
  const { x = '' } = key.export({ format: 'jwk' });
  return unpadded(Buffer.from(x, 'base64url'));
}

/** The object with our signature added. */
export function signJson(object: JsonObject, serverName: string, key: SigningKey): JsonObject {
  const signature = sign(null, Buffer.from(canonicalJson(object)), key.privateKey);
  return { ...object, signatures: { [serverName]: { [key.id]: unpadded(signature) } } };
}

const unpadded = (bytes: Buffer): string => withoutTrailing(bytes.toString('base64'), '=');
