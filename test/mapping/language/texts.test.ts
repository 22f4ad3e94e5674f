// What the bridge says to people: complete in every language, and said nowhere but in the catalogue.
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { FILE_REFUSALS } from '../../../src/domain/files.ts';
import { LANGUAGES, type Language } from '../../../src/domain/language.ts';
import { TEXTS } from '../../../src/mapping/language/languages.ts';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));

/** What a text is told: of how many messages it is, unless these say otherwise. */
const TOLD: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  fileMissing: FILE_REFUSALS.map((refusal) => ['x.pdf', refusal]),
  'records.pollQuestion': [['x']],
  'records.pollAnswer': [[[]], [['x']]],
  'records.pollEnd': [[undefined], ['x']],
  'records.sticker': [['x']],
  'records.unsupportedMessage': [[undefined], ['m.x']],
};

/** Every text of a language by its place, for each of what it may be told. */
function textsOf(language: Language): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, place: string): void => {
    if (typeof value === 'function') {
      const text = value as (...given: readonly unknown[]) => string;
      for (const [index, given] of (TOLD[place] ?? [[1], [2]]).entries())
        found.set(`${place} ${index}`, text(...given));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, child] of Object.entries(value)) walk(child, place === '' ? key : `${place}.${key}`);
    } else found.set(place, String(value));
  };
  walk(TEXTS[language], '');
  return found;
}

describe('the languages', () => {
  test('have the same texts, each in its own words', () => {
    const [first, ...others] = LANGUAGES.map(textsOf);
    for (const other of others) {
      expect([...other.keys()].sort()).toEqual([...(first?.keys() ?? [])].sort());
      const same = [...other].filter(([place, text]) => first?.get(place) === text);
      expect(same).toEqual([]);
    }
  });

  test.each(LANGUAGES)('%s says nothing by a symbol or by capitals alone', (language) => {
    for (const [place, text] of textsOf(language)) {
      expect(text, place).toMatch(/\p{L}{3,}/u);
      expect(text, place).not.toMatch(/\p{Extended_Pictographic}|[→✓✗⚠*_<>]/u);
      expect(text, place).toMatch(/\p{Ll}/u);
    }
  });
});

/** Texts that people read outside of rooms and records: operators and developers, in English. */
const NOT_IN_ROOMS = [
  'mapping/language/',
  'mapping/notices-page.ts',
  'messages/kinds-page.ts',
  'flows/ignored-reasons.ts',
  'flows/ignored-reference.ts',
];
/** Parts of messages to operators and of ids, which stand by themselves. */
const NOT_SAID: ReadonlySet<string> = new Set([
  'flows/dispatch.ts: the type ',
  'flows/handle-item.ts: the kind ',
  'flows/structure/links.ts:  in its space ',
  'flows/read-state/record-read.ts:  has read ',
  'flows/structure/resync.ts: make the ',
  'flows/structure/resync.ts: list it by when it began',
  'flows/structure/resync.ts: hold what is to be sent',
  'flows/structure/resync.ts: send what has waited',
  'flows/structure/resync.ts: take it off the public directory',
  // Names of what a Task proposes: platforms read them as codes.
  'mapping/matrix-to-fhir/suggestion.ts: Add member',
  'mapping/matrix-to-fhir/suggestion.ts: Remove member',
]);
/** Words of a sentence. */
const PROSE = /\p{L}{2,}[,:]? \p{L}{2,}/u;

/** Whether a literal is for operators or developers: an error, a log line, a line of a reference page, the display of a code. */
function isNotForRooms(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isNewExpression(node) || ts.isImportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (ts.isCallExpression(node) && /(^|\.)log\.\w+$|^tag$/.test(node.expression.getText())) return true;
  if (ts.isPropertyAssignment(node) && /^(page|display)$/.test(node.name.getText())) return true;
  // A line of a table that is spread or passed on as a page.
  if (ts.isPropertyAssignment(node) && /^(fhir|matrix|kept|lost)$/.test(node.name.getText())) return true;
  return !ts.isSourceFile(parent) && isNotForRooms(parent);
}

function proseIn(path: string): readonly string[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(join(SRC, path), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isLiteral =
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node);
    if (isLiteral && PROSE.test(node.text) && !isNotForRooms(node)) found.push(`${path}: ${node.text}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('outside of the catalogue', () => {
  const files = globSync('{mapping,messages,flows}/**/*.ts', { cwd: SRC })
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => NOT_IN_ROOMS.every((other) => !path.startsWith(other)));

  test('no sentence stands that people could read in a room or record', () => {
    expect(files.flatMap(proseIn).filter((text) => !NOT_SAID.has(text))).toEqual([]);
  });

  test('a sentence would be found', () => {
    const path = 'mapping/language/en.ts';
    expect(proseIn(path).length).toBeGreaterThan(10);
  });
});
