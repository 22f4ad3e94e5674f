// The keys with which the bridge encrypts what it stores of messages.
import { z } from 'zod';

const KEY_BYTES = 32;

/** In base64 and nothing else: a passphrase is no key. */
const isKey = (text: string): boolean => {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === text;
};

const encryptionKey = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,40}$/, 'expected letters, digits and ._- such as 2026-12'),
  key: z
    .string('expected a key, or keyFile with the path of its file')
    .refine(isKey, 'expected 32 random bytes in base64: openssl rand -base64 32')
    .meta({ secret: true }),
  keyFile: z.string().min(1).optional(),
});

/** The keys, the first of which encrypts. */
export const encryptionKeys = z.array(encryptionKey).max(20).default([]).meta({
  description:
    'Keys that encrypt what is stored of messages, each with an id and a keyFile: the first encrypts, all decrypt. Without any it is stored as it is; [more](../how-to/encrypt-at-rest.md).',
});

/** The faults of keys that do not fit together. */
export function* encryptionKeyFaults(
  keys: readonly { readonly id: string; readonly key: string }[],
): Generator<string> {
  const seen = { ids: new Set<string>(), keys: new Set<string>() };
  for (const [index, { id, key }] of keys.entries()) {
    const path = `database.encryptionKeys.${index}`;
    if (seen.ids.has(id)) yield `${path}.id: got "${id}" again, expected an id of its own`;
    if (seen.keys.has(key)) yield `${path}.key: got that of another id, expected a key of its own`;
    seen.ids.add(id);
    seen.keys.add(key);
  }
}
