// Canonical JSON and signatures, by the test vectors of the Matrix specification (appendices, "Signing JSON").
import { expect, test } from 'vitest';
import { canonicalJson, readSigningKey, signJson } from '../../../src/identity/service-api/canonical-json.ts';
import type { JsonValue } from '../../../src/domain/json.ts';

const key = { ...readSigningKey('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'), id: 'ed25519:1' };

test.each<[JsonValue, string]>([
  [{}, '{}'],
  [{ one: 1, two: 'Two' }, '{"one":1,"two":"Two"}'],
  [{ b: '2', a: '1' }, '{"a":"1","b":"2"}'],
  [{ 本: 2, 日: 1 }, '{"日":1,"本":2}'],
  [{ a: '日' }, '{"a":"日"}'],
  [{ a: null, z: [true, { d: 4, c: [] }] }, '{"a":null,"z":[true,{"c":[],"d":4}]}'],
])('%j', (value, expected) => {
  expect(canonicalJson(value)).toBe(expected);
});

test('keys are in the order of their code points, beyond 16 bits too', () => {
  expect(canonicalJson({ '\u{1F600}': 1, '\uFF5E': 2 })).toBe('{"\uFF5E":2,"\u{1F600}":1}');
});

test('signatures are those of the specification', () => {
  expect(signJson({}, 'domain', key)).toEqual({
    signatures: {
      domain: {
        'ed25519:1': 'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ',
      },
    },
  });
  expect(signJson({ one: 1, two: 'Two' }, 'domain', key)).toMatchObject({
    signatures: {
      domain: {
        'ed25519:1': 'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw',
      },
    },
  });
});

test('a key of another length is none', () => {
  expect(() => readSigningKey('YJDBA9Xnr2sVqXD9')).toThrow('Expected 32 bytes in base64');
});
