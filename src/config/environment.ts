// The configuration's environment variables: their values as the keys want them, and those that are misspelled.
import { readFile } from 'node:fs/promises';
import type { ConfigKey } from './keys.ts';
import { nearestName } from './nearest.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'BRIDGE_';
const FILE = '_FILE';

/**
 * The value of a key: from its variable, or from the file that its `…_FILE` variable names; undefined without both.
 * @throws Error when that file cannot be read
 */
export async function fromEnvironment(key: ConfigKey, env: Environment): Promise<unknown> {
  for (const name of key.env) {
    const direct = env[name];
    if (direct !== undefined && direct !== '') return typed(key, direct);
    const file = env[name + FILE];
    if (file === undefined || file === '') continue;
    const content = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(
        `${name}${FILE}: cannot read ${file} (${error instanceof Error ? error.message : 'unknown'})`,
      );
    });
    return typed(key, content.trim());
  }
  return undefined;
}

/**
 * Warnings about variables that no key reads and that look like one that is read. Others are left alone: Kubernetes sets
 * `BRIDGE_SERVICE_HOST` and the like for a Service named bridge.
 */
export function misspelledVariables(keys: readonly ConfigKey[], env: Environment): readonly string[] {
  const names = keys.flatMap((key) => key.env);
  const known = new Set(names.flatMap((name) => [name, name + FILE]));
  const own = names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name))
    .flatMap((name) => {
      const suffix = name.endsWith(FILE) ? FILE : '';
      const near = nearestName(name.slice(PREFIX.length, name.length - suffix.length), own);
      return near === undefined ? [] : [`${name}: no such variable, did you mean ${PREFIX}${near}${suffix}?`];
    });
}

/** Environment values are strings: numbers, booleans and lists are read from them where the key wants such. */
function typed(key: ConfigKey, value: string): unknown {
  switch (key.type) {
    case 'number':
    case 'integer':
      return Number.isNaN(Number(value)) ? value : Number(value);
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    case 'array':
      return /^\[\s*[[{"\]]/.test(value) ? parsedJson(value) : value.split(',').map((part) => part.trim());
    case 'object':
      return parsedJson(value);
    default:
      return value;
  }
}

/**
 * Lists of objects and maps are given as JSON (an IPv6 address in brackets begins none). What cannot be parsed stays as it
 * is, for the schema to refuse.
 */
function parsedJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
