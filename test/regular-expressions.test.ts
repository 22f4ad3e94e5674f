// No regular expression of the product takes time that grows with the square of a hostile text, or faster.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { cpuMs } from './builders/cpu-time.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
/** The lengths of texts: small steps first, so that even an expression whose time doubles with each letter ends; then twice as long each. */
const LENGTHS = [20, 22, 24, 26, 28, 30, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240, 20_480, 40_960];
/** An expression whose time is linear needs less than a millisecond for the longest text; one that is quadratic, a second. */
const MOST_MS = 100;
/** One of each class that expressions tell apart. */
const REPEATED = [
  'a',
  'A',
  '0',
  ' ',
  '\t',
  '\n',
  '\r',
  '-',
  '_',
  '/',
  '=',
  '.',
  ':',
  '"',
  "'",
  '\\',
  '*',
  '#',
];
const RARE = [
  ...Array.from('<>[](){}@,;+~|&%!?$^`'),
  '\0',
  'é',
  '\u0301',
  '\u{1F3F4}\u{E0062}',
  '\u{E0062}',
  '\u202A',
  'a ',
  'a/',
  '/A',
  ' \n',
  '1.',
];
const ENDINGS = ['', '\u0001', '\n\u0001'];

interface Found {
  readonly where: string;
  readonly expression: RegExp;
}

/** The expressions that stand in a source file as literals. */
function expressionsIn(path: string, text: string): readonly Found[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      const expression = new RegExp(node.text.slice(1, end), node.text.slice(end + 1));
      found.push({ where: `${path}:${line + 1}`, expression });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What the expression begins with, letter by letter: a text that lacks it is refused before anything is repeated. */
function openingOf({ source }: RegExp): string {
  const [, literal = ''] = /^\^?((?:[A-Za-z0-9 <>:;,@#=_~"!-]|\\[/.$^|()[\]{}*+?\\-])*)/.exec(source) ?? [];
  return literal.replaceAll(/\\(.)/g, '$1');
}

/** The first text for which an expression takes too long, told by its parts; undefined where none does. */
function slowText(expression: RegExp): string | undefined {
  for (const opening of new Set(['', openingOf(expression)])) {
    for (const repeated of [...REPEATED, ...RARE]) {
      for (const ending of ENDINGS) {
        for (const length of LENGTHS) {
          const text = opening + repeated.repeat(length / repeated.length) + ending;
          const began = cpuMs();
          text.replace(expression, '');
          if (cpuMs() - began > MOST_MS) return JSON.stringify([opening, repeated, ending, length]);
        }
      }
    }
  }
  return undefined;
}

describe('a slow expression is known by its time', () => {
  test.each([
    ['a repetition that any place may begin and that must reach the end', /\/+$/, true],
    ['two repetitions of the same', /^a*a*b$/, true],
    ['a repetition of repetitions', /^(?:a+)+b$/, true],
    ['one that begins at one place', /^\/+$/, false],
    ['one that has a bound', /\/{1,8}$/, false],
  ])('%s', (_, expression, isSlow) => {
    expect(slowText(expression) !== undefined).toBe(isSlow);
  });
});

const found = globSync('**/*.ts', { cwd: SRC }).flatMap((path) =>
  expressionsIn(path, readFileSync(join(SRC, path), 'utf8')),
);

test('expressions are found in every folder that reads what others wrote', () => {
  for (const folder of ['mapping', 'messages', 'identity', 'fhir', 'matrix', 'domain', 'ops', 'net'])
    expect(found.some(({ where }) => where.startsWith(`${folder}/`))).toBe(true);
});

test.each(found.map(({ where, expression }) => [where, String(expression), expression] as const))(
  '%s %s takes time in proportion to the text',
  (_, __, expression) => {
    expect(slowText(expression)).toBeUndefined();
  },
);
