// What is downloaded or built once and used by every later run: one folder per thing, named by a hash of its inputs.
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Guard } from './guard.ts';

/** The cache: FHIR_MATRIX_BRIDGE_CACHE, or `fhir-matrix-bridge` in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['FHIR_MATRIX_BRIDGE_CACHE'];
  if (own !== undefined && own !== '') return own;
  const user = env['XDG_CACHE_HOME'];
  return join(user === undefined || user === '' ? join(homedir(), '.cache') : user, 'fhir-matrix-bridge');
}

/** A short name for these inputs; the same for the same inputs only. */
export function cacheKey(inputs: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
}

/** A key for the content of files and folders; which of their parents hold them does not matter. */
export async function sourcesKey(folder: string, entries: readonly string[]): Promise<string> {
  const inputs: string[] = [];
  for (const entry of entries) {
    const files = entry.includes('.') ? [entry] : await filesBelow(folder, entry);
    for (const file of files) inputs.push(file, await readFile(join(folder, file), 'latin1'));
  }
  return cacheKey(inputs);
}

/** Whether the cache holds this already. */
export async function isCached(name: string): Promise<boolean> {
  return exists(join(cacheFolder(), name));
}

/**
 * The folder of this name in the cache. If it is not there, `build` fills a folder beside it, which then takes the name
 * in one step: a build that fails or is killed leaves nothing, and of two at the same time the first to finish counts.
 */
export async function cached(
  guard: Guard,
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const place = join(cacheFolder(), name);
  if (await exists(place)) return place;
  await mkdir(cacheFolder(), { recursive: true });
  const building = await mkdtemp(join(cacheFolder(), `building-${name}-`));
  guard.removeAtEnd(building);
  await build(building);
  try {
    await rename(building, place);
  } catch (error) {
    if (!(await exists(place))) throw error;
    await rm(building, { recursive: true, force: true });
  }
  return place;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function filesBelow(folder: string, entry: string): Promise<string[]> {
  const found = await readdir(join(folder, entry), { recursive: true, withFileTypes: true });
  return found
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
    .sort();
}
