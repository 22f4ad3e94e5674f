// Where the stack's cache is, and what its entries are named after.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheFolder, cacheKey, sourcesKey } from '../../stack/cache.ts';

test.each([
  [{ FHIR_MATRIX_BRIDGE_CACHE: '/c', XDG_CACHE_HOME: '/x' }, '/c'],
  [{ FHIR_MATRIX_BRIDGE_CACHE: '', XDG_CACHE_HOME: '/x' }, '/x/fhir-matrix-bridge'],
])('the cache for %o is %s', (env, folder) => {
  expect(cacheFolder(env)).toBe(folder);
});

test('the cache is in the home folder unless told', () => {
  expect(cacheFolder({})).toMatch(/\/\.cache\/fhir-matrix-bridge$/);
});

test('a key differs whenever an input does', () => {
  const keys = [['a', 'b'], ['ab'], ['b', 'a'], ['a', 'b', ''], []].map(cacheKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(cacheKey(['a', 'b'])).toBe(keys[0]);
});

describe('the key of sources', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sources-'));
    await mkdir(join(folder, 'src/deep'), { recursive: true });
    await writeFile(join(folder, 'pom.xml'), '<a/>');
    await writeFile(join(folder, 'src/deep/A.java'), 'class A {}');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const key = (): Promise<string> => sourcesKey(folder, ['pom.xml', 'src']);

  test('changes with the content, the name and the number of files', async () => {
    const keys = [await key()];
    await writeFile(join(folder, 'src/deep/A.java'), 'class A { }');
    keys.push(await key());
    await writeFile(join(folder, 'src/B.java'), '');
    keys.push(await key());
    await writeFile(join(folder, 'pom.xml'), '<b/>');
    keys.push(await key());
    expect(new Set(keys).size).toBe(4);
  });

  test('does not depend on other files', async () => {
    const before = await key();
    await writeFile(join(folder, 'README.md'), 'x');
    expect(await key()).toBe(before);
  });
});
