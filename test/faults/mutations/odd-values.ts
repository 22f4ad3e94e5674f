// Values that programs seldom meet: odd texts, numbers at the ends, structures deep and wide.
import fc from 'fast-check';
import type { Json } from '../../../stack/stub-fhir/json.ts';
import { deep, OVERFLOW } from './hostile-json.ts';

const ODD_TEXTS: readonly string[] = [
  ...['', ' ', '\t\r\n', '\0', 'a\0b', '\uD800', 'a\uDFFFb', '\uFEFF', '\uFFFD', '\u{10FFFF}'],
  ...['\u202Eright to left', '\u2066isolated', 'zero\u200Bwidth\u200D', 'e\u0301\u0327'.repeat(20), '👩‍👩‍👧‍👦'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'undefined',
    'null',
    'NaN',
    'true',
    '-1',
    '1e999',
  ],
  ...[
    '..',
    '.',
    '/',
    '../../etc/passwd',
    '%',
    '%00',
    '%2e%2e%2f',
    '%E0%A4%A',
    'a b',
    'a|b',
    'a,b',
    'a$b',
    'a\\b',
  ],
  ...[
    '<script>alert(1)</script>',
    '<b>'.repeat(50),
    '&#0;',
    '${jndi:ldap://x/a}',
    "'; drop table item; --",
    '{{x}}',
  ],
  ...['@', '@a:b', '@:', '!', '!a:b', '$', '$a', '#a:b', '@_fhir_x:mutants.example', 'matrix:u/a:b'],
  ...['Patient', 'Patient/', 'Patient/1', 'Patient/../1', 'Patient/1/_history/2', 'urn:uuid:1', '#contained'],
  ...[
    'http://169.254.169.254/',
    'http://[::1]/',
    'https://',
    'javascript:alert(1)',
    'mxc://',
    'mxc://a/b/../c',
  ],
  ...[
    'data:;base64,AAAA',
    '0000-00-00',
    '2026-13-45',
    '9999-12-31T23:59:60Z',
    '-271821-04-20T00:00:00Z',
    '+275760-09-13T00:00:00Z',
  ],
  ...['2026-11-29T12:00:00+99:99', 'P1Y', '1', '01', '٣', 'geo:0,0;u=-1', 'text/html; charset=utf-7'],
];
const LONG = [256, 700, 3_000, 20_000, 70_000];
const ODD_NUMBERS = [
  ...[0, -0, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, -(2 ** 63), 8.64e15 + 1],
  ...[OVERFLOW, -OVERFLOW],
];

/** Texts. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...ODD_TEXTS), weight: 12 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 40 }), weight: 3 },
  { arbitrary: fc.constantFrom(...LONG).map((length) => 'x'.repeat(length)), weight: 1 },
);

/** Keys of objects. */
export const oddKey: fc.Arbitrary<string> = fc.oneof(
  oddText,
  fc.constantFrom('id', 'type', 'body', 'content'),
);

/** Values of any kind. */
export const oddValue: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: fc.constantFrom<Json>(null, true, false, [], {}, [null], [[]], { a: null }), weight: 3 },
  { arbitrary: fc.constantFrom<Json>(...ODD_NUMBERS), weight: 2 },
  { arbitrary: fc.constantFrom(3_000, 50_000).map(deep), weight: 1 },
  { arbitrary: oddText, weight: 4 },
  { arbitrary: fc.array(oddText, { maxLength: 3 }), weight: 1 },
  { arbitrary: fc.dictionary(oddKey, oddText, { maxKeys: 3, noNullPrototype: true }), weight: 1 },
);
