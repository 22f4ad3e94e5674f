// A text that is too large for one event becomes several, and nothing of it is lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesInJson, splitText } from '../../../src/messages/formatting/split-text.ts';
import { cpuMs } from '../../builders/cpu-time.ts';

const words = (count: number, word = 'word') => Array.from({ length: count }, () => word).join(' ');

describe('a text is divided', () => {
  test.each([
    ['not at all where it fits', 'a'.repeat(64), ['a'.repeat(64)]],
    ['between paragraphs first', `${words(8)}\nline\n\n${words(8)}`, [`${words(8)}\nline`, words(8)]],
    ['else between lines', `${words(8)}\n${words(8)}`, [words(8), words(8)]],
    ['else between words', words(20), [words(13), words(7)]],
    ['else anywhere', 'a'.repeat(100), ['a'.repeat(64), 'a'.repeat(36)]],
    [
      'with the indentation of what follows',
      `${words(10)}\n\n    ${words(5)}`,
      [words(10), `    ${words(5)}`],
    ],
    ['by the room it takes in UTF-8', 'é'.repeat(40), ['é'.repeat(32), 'é'.repeat(8)]],
    ['by the room it takes in JSON', '"'.repeat(40), ['"'.repeat(32), '"'.repeat(8)]],
    ['not within a character', '🩺'.repeat(17), ['🩺'.repeat(16), '🩺']],
    ['not within a character that is shown as one', `${'a'.repeat(57)}👩🏽‍⚕️b`, ['a'.repeat(57), '👩🏽‍⚕️b']],
    ['not before the accent of a letter', `${'a'.repeat(63)}e\u0301`, ['a'.repeat(63), 'e\u0301']],
  ])('%s', (_, text, parts) => {
    expect(splitText(text, 64)).toEqual(parts);
  });
});

test('no part is too large, none is blank or holds half a character, and together they are the text', () => {
  const unit = fc.constantFrom(
    'a',
    'b',
    ' ',
    '\n',
    '\n\n',
    '"',
    '\\',
    'é',
    '🩺',
    '\u0301',
    '\u200D',
    'longer words ',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 400 }), (text) => {
      const parts = splitText(text, 64);
      expect(parts.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      for (const part of parts) {
        expect(bytesInJson(part)).toBeLessThanOrEqual(64);
        expect(part.isWellFormed()).toBe(true);
        expect(part.trim()).not.toBe('');
      }
    }),
  );
});

test.each([
  ['words', words(200_000)],
  ['one word', 'a'.repeat(1_000_000)],
  ['marks that belong to one letter', '\u0301'.repeat(500_000)],
  ['line feeds', '\n'.repeat(1_000_000)],
])('a megabyte of %s is divided within two seconds', (_, text) => {
  const before = cpuMs();
  for (const part of splitText(text, 24_576)) expect(bytesInJson(part)).toBeLessThanOrEqual(24_576);
  expect(cpuMs() - before).toBeLessThan(2000);
});
