// The files that items of lists name, such as `clientSecretFile`: the environment's `…_FILE` cannot reach into a list.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { allowedKeys } from './keys.ts';

const objectSchema = z.record(z.string(), z.unknown());
const fileSchema = z.string().min(1);

/**
 * Puts the content of the files into the places of the keys that they stand for.
 * @returns the faults
 */
export async function readItemFiles(tree: object): Promise<string[]> {
  const faults = await Promise.all(
    itemsIn(tree).flatMap(({ item, path }) =>
      allowedKeys(path, item).map((name) => readFileInto(item, name, path)),
    ),
  );
  return faults.flat();
}

/** The objects in the lists of the sections, with their places. */
function itemsIn(tree: object) {
  const entries = (value: unknown) => Object.entries(objectSchema.safeParse(value).data ?? {});
  return entries(tree).flatMap(([section, keys]) =>
    entries(keys).flatMap(([key, list]) =>
      (Array.isArray(list) ? list : []).flatMap((item: unknown, index) =>
        typeof item === 'object' && item !== null ? [{ item, path: [section, key, index] }] : [],
      ),
    ),
  );
}

async function readFileInto(item: object, name: string, at: readonly PropertyKey[]): Promise<string[]> {
  const file = fileSchema.safeParse(Reflect.get(item, `${name}File`)).data;
  if (file === undefined || name in item) return [];
  try {
    Reflect.set(item, name, (await readFile(file, 'utf8')).trim());
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    return [`${[...at, `${name}File`].join('.')}: cannot read ${file} (${reason})`];
  }
}
