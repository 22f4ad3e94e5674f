// Every promise of the threat model names a test that is there.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const textOf = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

const page = textOf('docs/explanation/threat-model.md');
const promised = page.slice(page.indexOf('## What is promised'), page.indexOf('## What is not promised'));
/** Rows of a table, without its head and the line below that. */
const rows = promised
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:promise|-)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the page promises something, under each of its headings', () => {
  const headings = promised.split('\n### ').slice(1);
  expect(headings.length).toBeGreaterThan(0);
  for (const part of headings) expect(part).toMatch(/^\| .*\.test\.ts` \|/m);
});

describe('the promise names a file and a test in it', () => {
  test.each(rows.map(([, promise = '', path = '', name = '']) => [promise, path, name] as const))(
    '%s',
    (_, path, name) => {
      const [, file = ''] = /^`(test\/[\w/.-]+\.test\.ts)`$/.exec(path) ?? [];
      expect(existsSync(`${ROOT}${file}`)).toBe(true);
      expect(name.length).toBeGreaterThan(3);
      expect(textOf(file)).toContain(name);
    },
  );
});

test('it is found from where vulnerabilities are reported, and leads there', () => {
  expect(textOf('SECURITY.md')).toContain('(docs/explanation/threat-model.md)');
  expect(page).toContain('(../../SECURITY.md)');
});
