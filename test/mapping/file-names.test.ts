// Names of files that others gave, and what is left of them.
import { expect, test } from 'vitest';
import { cleanFileName } from '../../src/mapping/file-names.ts';

test.each<[unknown, string | undefined]>([
  ['letter.pdf', 'letter.pdf'],
  ['Brief über Ärzte (2).pdf', 'Brief über Ärzte (2).pdf'],
  ['写真.jpg', '写真.jpg'],
  ['👩‍⚕️.png', '👩⚕️.png'],
  // Paths of all systems.
  ['/etc/passwd', 'passwd'],
  ['..\\..\\x\\a.doc', 'a.doc'],
  ['C:\\Users\\x\\a.doc', 'a.doc'],
  ['a/b/', undefined],
  ['..', undefined],
  ['.htaccess', 'htaccess'],
  // What the eye does not see.
  ['photo\u202Egnp.exe', 'photognp.exe'],
  ['a\u2066b\u2069c\u200Fd\u061Ce.txt', 'abcde.txt'],
  ['a\u0000b\u0007c\r\nd.txt', 'abcd.txt'],
  ['a\u200Bb\uFEFFc.txt', 'abc.txt'],
  ['a\uD800b.txt', 'ab.txt'],
  ['a\u2028b.txt', 'ab.txt'],
  // What some systems do not allow in names.
  ['a<b>c:"d|e?f*.txt', 'a b c d e f .txt'],
  ['  a   b .txt ', 'a b .txt'],
  // Names of patients cannot be told, their number can.
  ['123456782.pdf', undefined],
  ['1234.56.782.pdf', undefined],
  ['123456789.pdf', '123456789.pdf'],
  // Nothing, and no text.
  ['', undefined],
  ['   ', undefined],
  [undefined, undefined],
  [7, undefined],
  [{ a: 1 }, undefined],
])('%j → %j', (given, expected) => {
  expect(cleanFileName(given)).toBe(expected);
});

test('a long name keeps its ending', () => {
  expect(cleanFileName(`${'a'.repeat(500)}.pdf`)).toBe(`${'a'.repeat(115)}….pdf`);
  expect(cleanFileName('a'.repeat(500))).toHaveLength(120);
  expect(cleanFileName(`a.${'b'.repeat(500)}`)).toHaveLength(120);
  expect(cleanFileName('x'.repeat(10_000_000))).toHaveLength(120);
});
