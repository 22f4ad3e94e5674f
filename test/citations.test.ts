// What comments and pages cite is in the repository: files, folders, and the headings that links point to.
import { globSync, readFileSync, statSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const GENERATED = new Set(['node_modules', 'dist', 'target', '.git', '.cache', 'coverage']);

const paths = globSync('**/*', { cwd: ROOT, exclude: (name) => GENERATED.has(name) }).map((path) =>
  path.replaceAll(sep, '/'),
);

/** Files that an operator or another program has, and this repository has not. */
const FOREIGN = [
  'bridge/config.yaml',
  'config.yaml',
  'docker-compose.override.yml',
  'homeserver.yaml',
  'synapse/database.yaml',
  'synapse/registration.yaml',
];

const FILE =
  /(?<![\w/.<{$-])(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|md|sql|py|ya?ml|json|svg|java|sh|xml)\b(?![\w/(])/g;
const FOLDER = /(?<![\w/.@-])(?:src|test|docs|stack|bench|deploy|migrations)\/[\w./-]*\w/g;
const LINK = /\]\((?!https?:)([^)\s#]*)(#[^)\s]+)?\)/g;
const URLS = /\b(?:https?|postgresql|jdbc:\w+):\/\/[^\s)>\]]+/g;

/** The paths that a text names, except in URLs. */
function citedIn(text: string): readonly string[] {
  const plain = text.replaceAll(URLS, '');
  return [
    ...new Set([...plain.matchAll(FILE), ...plain.matchAll(FOLDER)].map(([path]) => posix.normalize(path))),
  ];
}

/** Whether a path exists: seen from the root, from the citing file's folder, or from any other folder. */
function isThere(cited: string, citing: string): boolean {
  const beside = posix.join(posix.dirname(citing), cited);
  return paths.some((path) => path === cited || path === beside || path.endsWith(`/${cited}`));
}

function commentsOf(source: string): string {
  return [...source.matchAll(/\/\*[^]*?\*\/|(?<![:'"`])\/\/.*$/gm)].map(([comment]) => comment).join('\n');
}

/** The names by which links reach a page's headings, as GitHub and most other renderers make them. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')}`,
  );
}

const isFile = (path: string): boolean => statSync(join(ROOT, path)).isFile();
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const sources = paths.filter((path) =>
  /^(src|stack|bench|test|docs)\/.*\.(ts|java)$|^[\w.]+\.ts$/.test(path),
);
const scripts = paths.filter((path) => /^(stack|deploy|migrations)\/.*\.(py|sh|sql|ya?ml)$/.test(path));
const pages = paths.filter((path) => /^(docs|deploy|stack)\/.*\.md$|^[A-Z]+\.md$/.test(path));

describe('every file and folder that is cited is in the repository', () => {
  const missing = (path: string, text: string): readonly string[] =>
    citedIn(text).filter((cited) => !FOREIGN.includes(cited) && !isThere(cited, path));

  test('in comments', () => {
    const found = sources.flatMap((path) =>
      missing(path, commentsOf(textOf(path))).map((cited) => `${path} cites ${cited}`),
    );
    expect(found).toEqual([]);
  });

  test('in pages and scripts', () => {
    const found = [...pages, ...scripts, 'Dockerfile', 'docker-compose.yml'].flatMap((path) =>
      missing(path, textOf(path)).map((cited) => `${path} cites ${cited}`),
    );
    expect(found).toEqual([]);
  });

  test('a path that is missing is found', () => {
    const text =
      '`mapping/lanes.ts`, see docs/no-page.md and https://example.org/docs/far.md; src/nowhere/ and ids.ts';
    expect(missing('src/flows/bridge.ts', text)).toEqual(['docs/no-page.md', 'src/nowhere']);
    expect(commentsOf("const a = 'https://x/a.ts'; // see load.ts\n/** client.ts */")).toBe(
      '// see load.ts\n/** client.ts */',
    );
  });
});

test.each(pages)('the links of %s lead to pages and headings that are there', (path) => {
  const broken = [...textOf(path).matchAll(LINK)].filter(([, file = '', anchor]) => {
    const target = file === '' ? path : posix.join(posix.dirname(path), file).replace(/\/$/, '');
    if (!paths.includes(target)) return true;
    return anchor !== undefined && isFile(target) && !anchorsOf(textOf(target)).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});
