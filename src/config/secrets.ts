// Where the configuration holds secrets, also inside the items of lists, and the files in which those of items are.
import { readFile } from 'node:fs/promises';
import type { SchemaNode } from './keys.ts';
import { configJsonSchema } from './keys.ts';

/** Stands for every item of a list. */
const ITEM = '*';

/** The paths of all secrets, `*` for the items of lists. */
function secretPaths(
  node: SchemaNode = configJsonSchema(),
  path: readonly string[] = [],
): readonly string[][] {
  if (node.secret === true) return [[...path]];
  const { properties = {}, items, oneOf = [], anyOf = [] } = node;
  return [
    ...Object.entries(properties).flatMap(([name, child]) => secretPaths(child, [...path, name])),
    ...(items === undefined ? [] : secretPaths(items, [...path, ITEM])),
    ...[...oneOf, ...anyOf].flatMap((each) => secretPaths(each, path)),
  ];
}

/** Whether a value at this path may be or hold a secret: its own place, and whatever stands where a section or list does. */
export function mayHoldSecret(path: readonly PropertyKey[]): boolean {
  return secretPaths().some((known) =>
    path.every((part, index) => {
      const expected = known[index];
      return expected === undefined || expected === String(part) || (expected === ITEM && isIndex(part));
    }),
  );
}

const isIndex = (part: PropertyKey): boolean => /^\d+$/.test(String(part));

/**
 * Puts the content of the files that items of lists name (`clientSecretFile`) into their places; the environment's `…_FILE`
 * cannot reach into a list.
 * @returns the faults
 */
export async function readItemFiles(tree: object): Promise<string[]> {
  const inItems = secretPaths().filter((path) => path.includes(ITEM));
  const names = new Map(inItems.map((path) => [path.join('.'), path]));
  const faults = await Promise.all([...names.values()].map((path) => readFilesAt(tree, path, [])));
  return faults.flat();
}

async function readFilesAt(node: unknown, path: readonly string[], at: readonly string[]): Promise<string[]> {
  const [head, ...rest] = path;
  if (typeof node !== 'object' || node === null || head === undefined) return [];
  if (rest.length === 0) return readFileInto(node, head, at);
  if (head !== ITEM) return readFilesAt(Reflect.get(node, head), rest, [...at, head]);
  if (!Array.isArray(node)) return [];
  const faults = await Promise.all(
    node.map((item: unknown, index) => readFilesAt(item, rest, [...at, String(index)])),
  );
  return faults.flat();
}

async function readFileInto(item: object, name: string, at: readonly string[]): Promise<string[]> {
  const file: unknown = Reflect.get(item, `${name}File`);
  if (typeof file !== 'string' || file === '' || name in item) return [];
  try {
    Reflect.set(item, name, (await readFile(file, 'utf8')).trim());
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    return [`${[...at, `${name}File`].join('.')}: cannot read ${file} (${reason})`];
  }
}
