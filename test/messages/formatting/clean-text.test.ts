// What no one can see is taken out of a text, and nothing else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanText, isBlank } from '../../../src/messages/formatting/clean-text.ts';

describe('characters that change how a text is shown, or cannot be stored, are taken out', () => {
  test.each([
    ['a right-to-left override', 'give \u202E01\u202C mg', 'give 01 mg'],
    ['a left-to-right override', '\u202Dabc\u202C', 'abc'],
    ['embeddings', '\u202Aabc\u202C\u202Bdef\u202C', 'abcdef'],
    ['isolates', '\u2066abc\u2069\u2067def\u2069\u2068ghi\u2069', 'abcdefghi'],
    ['an override that is never closed', 'all after\u202E', 'all after'],
    ['a null', 'a\u0000b', 'ab'],
    ['an escape sequence of a terminal', '\u001B[31mred\u001B[0m', '[31mred[0m'],
    ['bell, backspace, delete', 'a\u0007b\u0008c\u007Fd', 'abcd'],
    ['C1 controls', 'a\u0080b\u009Fc', 'abc'],
    ['noncharacters', 'a\uFFFEb\uFFFFc\u{1FFFE}d\uFDD0e', 'abcde'],
    ['half a surrogate pair: the first half', 'a\uD83Db', 'a\uFFFDb'],
    ['half a surrogate pair: the second half', 'a\uDE00b', 'a\uFFFDb'],
    ['halves in the wrong order', '\uDE00\uD83D', '\uFFFD\uFFFD'],
    ['halves with a control between them', '\uD83D\u0000\uDE00', '\uFFFD\uFFFD'],
    ['text hidden in tag characters', 'ok\u{E0067}\u{E0069}\u{E0076}\u{E0065}', 'ok'],
    ['text hidden behind a flag', '🏴\u{E0067}\u{E0069}', '🏴'],
    ['Windows ends of lines', 'a\r\nb', 'a\nb'],
    ['a lone carriage return, which hides the line', 'take 10\rtake 99', 'take 10\ntake 99'],
    ['line and paragraph separators', 'a\u2028b\u2029c\u0085d', 'a\nb\nc\nd'],
    ['vertical tab and form feed', 'a\vb\fc', 'a\nb\nc'],
  ])('%s', (_, text, clean) => {
    expect(cleanText(text)).toBe(clean);
  });
});

describe('what people write stays as it is', () => {
  test.each([
    ['tabs and lines', 'a\tb\n\nc'],
    ['emoji with joiners and variation selectors', '👩🏽‍⚕️ ❤️ 👨‍👩‍👧'],
    ['flags, also those spelled with tags', '🇳🇱 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}'],
    ['right-to-left text and its marks', 'مرحبا \u200Fabc\u200E שלום\u061C'],
    ['Persian with zero-width non-joiners', 'می\u200Cخواهم'],
    ['combining marks', 'e\u0301 n\u0303'],
    ['the replacement character', 'a\uFFFDb'],
    ['markup', '<b>&amp;</b> ~~x~~'],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(cleanText(text)).toBe(text);
  });
});

test('cleaning a clean text changes nothing', () => {
  const anyText = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  });
  const hard = fc.string({
    unit: fc.constantFrom(
      '\u{1F3F4}',
      '\u{E0067}',
      '\u{E007F}',
      '\u{E0001}',
      '\u202E',
      '\u0000',
      '\r',
      '\n',
      'a',
      '\uD83D',
    ),
  });
  fc.assert(
    fc.property(fc.oneof(anyText, hard), (text) => {
      const clean = cleanText(text);
      expect(cleanText(clean)).toBe(clean);
      expect(clean.isWellFormed()).toBe(true);
      expect(clean).not.toMatch(/[\0-\x08\x0B-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069]/);
    }),
  );
});

describe('a text that shows nothing is blank', () => {
  test.each([
    ['', true],
    [' \n\t\u00A0\u3000', true],
    ['\u200B\u200C\u200D\u2060\uFEFF', true],
    ['\uFE0F\u034F\u115F\u3164\u2800\u00AD', true],
    ['.', false],
    ['0', false],
    ['❤️', false],
    ['\uFFFD', false],
  ])('%j: %s', (text, blank) => {
    expect(isBlank(text)).toBe(blank);
  });
});
