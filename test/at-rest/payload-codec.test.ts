// Payloads as they are stored: encrypted for their row alone, read with any of the keys, and never given out altered.
import { describe, expect, test } from 'vitest';
import type { PayloadRow } from '../../src/domain/stored-payload.ts';
import { createPayloadCodec } from '../../src/at-rest/payload-codec.ts';
import { encryptedPayloads, keyOf, plainPayloads } from '../builders/payloads.ts';

const ROW: PayloadRow = ['item', 'matrix.event', '$a'];
const PAYLOAD = { kind: 'matrix.event', event: { content: { body: 'Bloedsuiker 8,1 \u0000 \ud83d 👵' } } };
const payloads = encryptedPayloads('2026-12');

/** As the database gives it back. */
const storedBy = (codec = payloads, row = ROW): unknown => JSON.parse(codec.encode(row, PAYLOAD));
const textOf = (stored: unknown): string => {
  if (typeof stored !== 'string') throw new TypeError('Expected an encrypted payload');
  return stored;
};

test('is read as it was stored, and says nothing meanwhile', () => {
  const text = payloads.encode(ROW, PAYLOAD);
  expect(text).toMatch(/^"e1:2026-12:[A-Za-z0-9+/=]+"$/);
  expect(text).not.toContain('Bloedsuiker');
  expect(payloads.decode(ROW, JSON.parse(text))).toEqual(PAYLOAD);
});

test('is encrypted anew each time: the same says not that it is the same', () => {
  expect(payloads.encode(ROW, PAYLOAD)).not.toBe(payloads.encode(ROW, PAYLOAD));
});

test('without a key it is stored as it is', () => {
  expect(plainPayloads.encode(ROW, PAYLOAD)).toBe(JSON.stringify(PAYLOAD));
  expect(plainPayloads.decode(ROW, PAYLOAD)).toEqual(PAYLOAD);
});

test('what was stored before there was a key is read', () => {
  expect(payloads.decode(ROW, PAYLOAD)).toEqual(PAYLOAD);
});

test('the first key encrypts, and all decrypt', () => {
  const before = storedBy(encryptedPayloads('2026-06'));
  const both = encryptedPayloads('2026-12', '2026-06');
  expect(both.decode(ROW, before)).toEqual(PAYLOAD);
  expect(both.encode(ROW, PAYLOAD)).toMatch(/^"e1:2026-12:/);
  expect(encryptedPayloads('2026-06', '2026-12').decode(ROW, storedBy(both))).toEqual(PAYLOAD);
});

test('a key that is not there is named, and what it encrypted is tried again soon', () => {
  expect(() => plainPayloads.decode(ROW, storedBy())).toThrow(
    expect.objectContaining({
      code: 'payload-key-missing',
      message: 'payload-key-missing: database.encryptionKeys has no key 2026-12',
      retryAfterMs: expect.toSatisfy((ms: number) => ms >= 1_000 && ms < 3_000) as number,
    }),
  );
});

describe('a text', () => {
  test('is encrypted for its row, and read as it was', () => {
    const stored = payloads.encodeText(ROW, 'J. de Vries');
    expect(stored).toMatch(/^e1:2026-12:/);
    expect(payloads.decodeText(ROW, stored)).toBe('J. de Vries');
    expect(() => payloads.decodeText(['ghost', '@b:h'], stored)).toThrow(
      expect.objectContaining({ code: 'payload-unreadable' }),
    );
  });

  test.each(['J. de Vries', '', 'e1:2026-12:AAAA', 'e1:', 'e0:', 'e0:e1:'])(
    '%j is itself with and without a key, and when a key is added',
    (text) => {
      const stored = plainPayloads.encodeText(ROW, text);
      expect(plainPayloads.decodeText(ROW, stored)).toBe(text);
      expect(payloads.decodeText(ROW, stored)).toBe(text);
      expect(payloads.decodeText(ROW, payloads.encodeText(ROW, text))).toBe(text);
    },
  );
});

describe('is refused, and nothing of it is given out:', () => {
  const flip = (text: string, at: number): string => {
    const bytes = Buffer.from(text.split(':')[2] ?? '', 'base64');
    const place = at < 0 ? bytes.length + at : at;
    bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
    return `e1:2026-12:${bytes.toString('base64')}`;
  };
  const stored = textOf(storedBy());
  const bytes = Buffer.from(stored.split(':')[2] ?? '', 'base64').length;

  test.each([
    ['altered in its IV', flip(stored, 0)],
    ['altered in its text', flip(stored, 20)],
    ['altered in its tag', flip(stored, -1)],
    ['cut off', stored.slice(0, 60)],
    ['cut off to nothing', 'e1:2026-12:'],
    ['longer than it was', `e1:2026-12:${Buffer.alloc(bytes + 1).toString('base64')}`],
    ['of another form', 'e1:2026-12'],
    ['with an id that is none', 'e1:a b:AAAA'],
  ])('%s', (_what, altered) => {
    expect(() => payloads.decode(ROW, altered)).toThrow(
      expect.objectContaining({ code: 'payload-unreadable' }),
    );
  });

  test.each<[string, PayloadRow]>([
    ['that of another event', ['item', 'matrix.event', '$b']],
    ['that of another table', ['matrix_arrival', '$a']],
    ['one whose parts are cut elsewhere', ['item', 'matrix.event$', 'a']],
  ])('in another row: %s', (_what, row) => {
    expect(() => payloads.decode(row, stored)).toThrow(
      expect.objectContaining({ code: 'payload-unreadable' }),
    );
  });

  test('with another key under the same id', () => {
    const wrong = createPayloadCodec([{ id: '2026-12', key: keyOf('another').key }]);
    expect(() => wrong.decode(ROW, stored)).toThrow(expect.objectContaining({ code: 'payload-unreadable' }));
  });
});
