// The house plan as a test: who imports whom, and what a file of src/ looks like.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { composing, importTable } from '../eslint.config.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

interface Import {
  readonly from: string;
  /** Path below src/, or the package's name. */
  readonly to: string;
  readonly inside: boolean;
  readonly typesOnly: boolean;
}

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** Whether it does nothing but pass on what others export. */
  readonly onlyReexports: boolean;
}

const files = globSync('**/*.ts', { cwd: SRC })
  .map((path) => path.replaceAll(sep, '/'))
  .sort()
  .map(readSource);
const imports = files.flatMap((file) => file.imports);

function readSource(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return {
    path,
    text,
    imports: importsOf(source),
    onlyReexports: source.statements.every(
      (node) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined,
    ),
  };
}

function importsOf(source: ts.SourceFile): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typesOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const inside = specifier.text.startsWith('.');
    const to = inside ? posix.join(posix.dirname(source.fileName), specifier.text) : specifier.text;
    found.push({ from: source.fileName, to, inside, typesOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

/** The folder of src/ a file stands in; '' for the composition root and its parts. */
const folderOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : '');
const told = ({ from, to, typesOnly }: Import): string => `${from} → ${to}${typesOnly ? ' (types)' : ''}`;

/**
 * The circles in which rooms import one another. On every floor the rooms are what stands in one folder, its files and the
 * folders in it; an import joins the two rooms of the floor on which its ways part.
 */
function circlesIn(found: readonly Pick<Import, 'from' | 'to'>[]): readonly string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of found) {
    const [a, b] = [from.split('/'), to.split('/')];
    const floor = a.findIndex((name, depth) => name !== b[depth]);
    if (floor < 0) continue;
    const room = a.slice(0, floor + 1).join('/');
    next.set(room, (next.get(room) ?? new Set()).add(b.slice(0, floor + 1).join('/')));
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (room: string, way: readonly string[]): void => {
    if (way.includes(room)) circles.push([...way.slice(way.indexOf(room)), room].join(' → '));
    if (done.has(room) || way.includes(room)) return;
    for (const other of next.get(room) ?? []) walk(other, [...way, room]);
    done.add(room);
  };
  for (const room of next.keys()) walk(room, []);
  return circles;
}

describe('imports', () => {
  test('are read as they stand: types and values told apart', () => {
    const source = (code: string): readonly (readonly [string, boolean])[] =>
      importsOf(ts.createSourceFile('flows/a.ts', code, ts.ScriptTarget.Latest, true)).map(
        ({ to, typesOnly }) => [to, typesOnly] as const,
      );
    expect(
      source(`
        import { a } from '../matrix/a.ts';
        import type { B } from './b.ts';
        import { type C, type D } from '../store/c.ts';
        import { type E, f } from '../store/e.ts';
        import type * as g from '../store/g.ts';
        import * as h from 'pg';
        import '../fhir/i.ts';
        export { j } from '../fhir/j.ts';
        export type { K } from '../fhir/k.ts';
        const l = await import('../fhir/l.ts');
        type M = import('../fhir/m.ts').M;
      `),
    ).toEqual([
      ['matrix/a.ts', false],
      ['flows/b.ts', true],
      ['store/c.ts', true],
      ['store/e.ts', false],
      ['store/g.ts', true],
      ['pg', false],
      ['fhir/i.ts', false],
      ['fhir/j.ts', false],
      ['fhir/k.ts', true],
      ['fhir/l.ts', false],
      ['fhir/m.ts', true],
    ]);
  });

  test('every folder of src/ has its line in the table', () => {
    const folders = new Set(files.map(({ path }) => folderOf(path)).filter((folder) => folder !== ''));
    expect([...folders].sort()).toEqual([...composing, ...Object.keys(importTable)].sort());
  });

  test.each(Object.entries(importTable))(
    'src/%s imports only what the table allows',
    (folder, { from, types = [] }) => {
      const own = imports.filter((found) => found.inside && folderOf(found.from) === folder);
      const allowed = ({ to, typesOnly }: Import): boolean =>
        folderOf(to) === folder || from.includes(folderOf(to)) || (typesOnly && types.includes(folderOf(to)));
      expect(own.filter((found) => !allowed(found)).map(told)).toEqual([]);
    },
  );

  test('the table itself lets nobody import who stands above', () => {
    const order = Object.keys(importTable);
    for (const [folder, { from, types = [] }] of Object.entries(importTable)) {
      const above = order.slice(order.indexOf(folder));
      expect([...from, ...types].filter((other) => above.includes(other))).toEqual([]);
    }
    const sides = ['inbox', 'store', 'matrix', 'fhir'];
    expect(importTable['domain']).toEqual({ from: [] });
    expect(importTable['mapping']).toEqual({ from: ['domain'] });
    expect(importTable['messages']).toEqual({ from: ['domain', 'mapping'] });
    for (const folder of sides) {
      expect(importTable[folder]?.types ?? []).toEqual([]);
      expect(['domain', 'telemetry', 'net']).toEqual(
        expect.arrayContaining([...(importTable[folder]?.from ?? [])]),
      );
    }
    for (const side of sides) expect(importTable['flows']?.from).not.toContain(side);
  });

  test('only what puts things together is above, and is imported by nobody below', () => {
    const top = (path: string): boolean => ['', ...composing].includes(folderOf(path));
    expect(files.filter(({ path }) => folderOf(path) === '').map(({ path }) => path)).toEqual(['main.ts']);
    expect(imports.filter(({ from, to, inside }) => inside && top(to) && !top(from)).map(told)).toEqual([]);
    const upwards = imports.filter(
      ({ from, to, inside }) =>
        inside && ['', 'cli'].includes(folderOf(to)) && !['', 'cli'].includes(folderOf(from)),
    );
    expect(upwards.map(told)).toEqual([]);
  });

  test('on no floor do rooms go round in a circle, by values or by types', () => {
    expect(circlesIn(imports.filter(({ inside }) => inside))).toEqual([]);
  });

  test('a circle is found wherever it closes', () => {
    const link = (from: string, to: string): Import => ({ from, to, inside: true, typesOnly: true });
    expect(circlesIn([link('a/x.ts', 'b/y.ts'), link('b/z.ts', 'a/w.ts')])).toEqual(['a → b → a']);
    expect(circlesIn([link('a/x.ts', 'a/b/y.ts'), link('a/b/y.ts', 'a/z.ts')])).toEqual([]);
    expect(circlesIn([link('a/x.ts', 'a/b/y.ts'), link('a/b/y.ts', 'a/x.ts')])).toEqual([
      'a/x.ts → a/b → a/x.ts',
    ]);
  });

  test('every connection to PostgreSQL is opened in one place, which bounds what is waited for', () => {
    const opening = imports.filter(({ to, typesOnly }) => to === 'pg' && !typesOnly);
    expect(opening.map(({ from }) => from)).toEqual(['store/connections.ts']);
  });

  test('the product needs nothing from outside src/ but its declared dependencies and Node.js', () => {
    const { dependencies } = JSON.parse(readFileSync(join(SRC, '../package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    // Types of FHIR are erased before anything runs.
    const known = new Set([...Object.keys(dependencies), 'fhir']);
    const packageOf = (name: string): string =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/');
    const strange = imports.filter(({ to, inside }) =>
      inside ? to.startsWith('..') : !to.startsWith('node:') && !known.has(packageOf(to)),
    );
    expect(strange.map(told)).toEqual([]);
    expect(
      imports
        .filter(({ to, inside, typesOnly }) => !inside && packageOf(to) === 'fhir' && !typesOnly)
        .map(told),
    ).toEqual([]);
  });
});

describe('files', () => {
  test('no folder has a name that says nothing', () => {
    const names = ['utils', 'util', 'helpers', 'services', 'managers', 'common', 'core', 'lib', 'misc'];
    const folders = new Set(files.flatMap(({ path }) => dirname(path).split('/')));
    expect(names.filter((name) => folders.has(name))).toEqual([]);
  });

  test('none only passes on what others export', () => {
    const barrels = files.filter(({ path, onlyReexports }) => onlyReexports || /(^|\/)index\.ts$/.test(path));
    expect(barrels.map(({ path }) => path)).toEqual(['cli/index.ts']);
  });

  test.each(files.map(({ path, text }) => [path, text] as const))(
    '%s says its job, and is short',
    (_, text) => {
      const lines = text.trimEnd().split('\n');
      const [first = ''] = text.startsWith('#!') ? lines.slice(1) : lines;
      expect(first).toMatch(/^\/\/ \S.{15,}/);
      expect(lines.length).toBeLessThanOrEqual(300);
    },
  );

  test('the composition root stays readable: under 150 lines', () => {
    expect(files.find(({ path }) => path === 'main.ts')?.text.split('\n').length).toBeLessThan(150);
  });
});
