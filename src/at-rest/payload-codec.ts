// Encrypts payloads: AES-256-GCM, each bound to its row. What was stored before there was a key is read as it is.
import { createCipheriv, createDecipheriv, randomBytes, randomInt } from 'node:crypto';
import type { PayloadCodec, PayloadRow } from '../domain/stored-payload.ts';
import { BridgeError } from '../telemetry/errors.ts';

/** A key and its name. */
export interface PayloadKey {
  /** Stands beside everything that is encrypted with it. */
  readonly id: string;
  /** 32 bytes in base64. */
  readonly key: string;
}

const CIPHER = 'aes-256-gcm';
/**
 * 96 bits, drawn at random each time: one key is good for 2^32 payloads.
 * https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf §8.3
 */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * What is encrypted is this, the id of the key, and IV, ciphertext and tag in base64; in a column of JSON it is a JSON string. All
 * payloads are JSON objects, so none looks like it. The migration 0031 finds the id of the key by the same form.
 */
const MARK = 'e1:';
const FORM = /^e1:([A-Za-z0-9._-]{1,40}):([A-Za-z0-9+/=]*)$/;
/** Before a text that is not encrypted and begins like one that is, or like this. */
const NOT_ENCRYPTED = 'e0:';

/** While replicas are being restarted with a new key, any may take the row again: drawn at random, so that it is not the same each time. */
const AGAIN_MS = { least: 1_000, most: 3_000 };

/** @param keys the first encrypts; without any, payloads are stored as they are */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const secrets = new Map(keys.map(({ id, key }) => [id, Buffer.from(key, 'base64')]));
  const [first] = secrets;
  const seal = ([id, secret]: [string, Buffer], row: PayloadRow, text: string): string =>
    `${MARK}${id}:${encrypt(secret, row, text)}`;
  const open = (row: PayloadRow, sealed: string): string => {
    const [, id, content] = FORM.exec(sealed) ?? [];
    if (id === undefined || content === undefined) throw unreadable('it has not the form of one');
    const secret = secrets.get(id);
    if (secret === undefined) throw keyMissing(id);
    return decrypt(id, secret, row, Buffer.from(content, 'base64'));
  };
  return {
    keyIds: keys.map(({ id }) => id),
    encode: (row, payload) => {
      const text = JSON.stringify(payload);
      return first === undefined ? text : JSON.stringify(seal(first, row, text));
    },
    decode: (row, stored) => {
      if (typeof stored !== 'string' || !stored.startsWith(MARK)) return stored;
      const payload: unknown = JSON.parse(open(row, stored));
      return payload;
    },
    encodeText: (row, text) => {
      if (first !== undefined) return seal(first, row, text);
      return [MARK, NOT_ENCRYPTED].some((mark) => text.startsWith(mark)) ? `${NOT_ENCRYPTED}${text}` : text;
    },
    decodeText: (row, stored) => {
      if (stored.startsWith(MARK)) return open(row, stored);
      return stored.startsWith(NOT_ENCRYPTED) ? stored.slice(NOT_ENCRYPTED.length) : stored;
    },
  };
}

function encrypt(secret: Buffer, row: PayloadRow, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(nameOf(row));
  const encrypted = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([iv, ...encrypted, cipher.getAuthTag()]).toString('base64');
}

function decrypt(id: string, secret: Buffer, row: PayloadRow, content: Buffer): string {
  if (content.length < IV_BYTES + TAG_BYTES) throw unreadable('it is cut off');
  const decipher = createDecipheriv(CIPHER, secret, content.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(nameOf(row));
  decipher.setAuthTag(content.subarray(-TAG_BYTES));
  try {
    const text = decipher.update(content.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8');
    return text + decipher.final('utf8');
  } catch {
    throw unreadable(`with the key ${id} it is not what was stored in this row`);
  }
}

/** Decrypted in another row than that it was encrypted for, a payload is refused. */
function nameOf(row: PayloadRow): Buffer {
  return Buffer.from(JSON.stringify(row));
}

function keyMissing(id: string): BridgeError {
  return new BridgeError('payload-key-missing', `database.encryptionKeys has no key ${id}`, {
    retryAfterMs: randomInt(AGAIN_MS.least, AGAIN_MS.most),
  });
}

function unreadable(detail: string): BridgeError {
  return new BridgeError('payload-unreadable', detail);
}
