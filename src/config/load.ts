// Reads the configuration: YAML file, then environment, then the files that `…_FILE` variables name.
import { readFile } from 'node:fs/promises';
import { LineCounter, parse, YAMLParseError } from 'yaml';
import { identityFaults } from './identity.ts';
import type { ConfigKey } from './keys.ts';
import { configKeys, configSections } from './keys.ts';
import type { Config } from './schema.ts';
import { configSchema } from './schema.ts';
import { mayHoldSecret, readItemFiles } from './secrets.ts';

/** The configuration is not usable; the message lists every fault with its path, value and expectation. */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly faults: readonly string[];
  constructor(source: string, faults: readonly string[]) {
    super([`The configuration (${source}) has ${faults.length} fault(s):`, ...faults].join('\n  - '));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Loads and checks the configuration.
 * @param file path of a YAML file; undefined reads the environment alone
 * @throws ConfigError with all faults at once
 */
export async function loadConfig(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const tree = file === undefined ? {} : await readTree(file);
  // An absent section is an empty one, so that each of its missing keys is named.
  for (const { name } of configSections()) tree[name] ??= {};
  const faults: string[] = [];
  for (const key of configKeys()) {
    try {
      const value = await fromEnvironment(key, env);
      if (value !== undefined) setPath(tree, key.path, value);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  faults.push(...(await readItemFiles(tree)));
  const result = configSchema.safeParse(tree);
  faults.push(...(result.error?.issues ?? []).map((issue) => describeFault(issue, tree)));
  if (result.success) faults.push(...crossChecks(result.data));
  if (!result.success || faults.length > 0) throw new ConfigError(file ?? 'environment', faults);
  return result.data;
}

async function readTree(file: string): Promise<Record<string, unknown>> {
  try {
    const tree = parseYaml(await readFile(file, 'utf8'));
    if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
      throw new Error('expected a mapping at the top');
    }
    return { ...tree };
  } catch (error) {
    throw new ConfigError(file, [
      `the file cannot be read: ${error instanceof Error ? error.message : String(error)}. ` +
        'Make one with: fhir-matrix-bridge config sample --output config.yaml',
    ]);
  }
}

/** The parser's own messages quote the line at fault, which may hold a secret: here they say only where it is. */
function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  try {
    return parse(text, { prettyErrors: false, lineCounter: lines });
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw new SyntaxError('an alias has no anchor', { cause: error });
    const { line, col } = lines.linePos(error.pos[0]);
    throw new SyntaxError(`line ${line}, column ${col} is no YAML (${error.code})`, { cause: error });
  }
}

async function fromEnvironment(
  key: ConfigKey,
  env: Readonly<Record<string, string | undefined>>,
): Promise<unknown> {
  for (const name of key.env) {
    const direct = env[name];
    if (direct !== undefined && direct !== '') return typed(key, direct);
    const file = env[`${name}_FILE`];
    if (file === undefined || file === '') continue;
    const content = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(
        `${name}_FILE: cannot read ${file} (${error instanceof Error ? error.message : 'unknown'})`,
      );
    });
    return typed(key, content.trim());
  }
  return undefined;
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

/** Lists of objects and maps are given as JSON (an IPv6 address in brackets begins none); what is none, the schema refuses. */
function parsedJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function setPath(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const child = tree[head];
  const branch = typeof child === 'object' && child !== null ? { ...child } : {};
  tree[head] = branch;
  setPath(branch, rest, value);
}

function describeFault(
  issue: { path: PropertyKey[]; message: string; code?: string; keys?: string[] },
  tree: unknown,
): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return unknownKeys(path, issue.keys ?? []);
  const key = configKeys().find((candidate) => candidate.path.join('.') === path);
  const value = issue.path.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? Reflect.get(node, part) : undefined),
    tree,
  );
  const got =
    value === undefined
      ? 'nothing'
      : mayHoldSecret(issue.path)
        ? '(not shown: may be secret)'
        : JSON.stringify(value);
  const hint = key === undefined ? '' : ` (${key.env[0] ?? ''}) - ${key.description}`;
  return `${path}: got ${got}, ${issue.message}${hint}`;
}

function unknownKeys(path: string, keys: readonly string[]): string {
  const known = configKeys().map((key) => key.path.join('.'));
  return keys
    .map((name) => {
      const full = path === '' ? name : `${path}.${name}`;
      const near = known.find((candidate) => similar(candidate, full));
      return `${full}: no such key${near === undefined ? '' : `, did you mean ${near}?`}`;
    })
    .join('\n  - ');
}

/** Same letters but for case, separators and one slip at the end: enough to catch the usual misspellings. */
function similar(a: string, b: string): boolean {
  const bare = (text: string): string => text.toLowerCase().replace(/[^a-z.]/g, '');
  return bare(a) === bare(b) || bare(a).startsWith(bare(b)) || bare(b).startsWith(bare(a));
}

function crossChecks({ matrix, people, identity }: Config): string[] {
  const subjects = (['conversationName', 'conversationTopic'] as const).filter((key) =>
    matrix[key].includes('{subject}'),
  );
  return [
    ...(matrix.botLocalpart.startsWith(matrix.ghostPrefix)
      ? []
      : [`matrix.botLocalpart: got "${matrix.botLocalpart}", expected it to begin with matrix.ghostPrefix`]),
    ...(matrix.conversationSubject === 'none' ? subjects : []).map(
      (key) =>
        `matrix.${key}: got "${matrix[key]}", expected matrix.conversationSubject to say where {subject} is found`,
    ),
    ...(people.resolveByDirectory && !identity.enabled
      ? ['people.resolveByDirectory: got true, expected identity.enabled with it: its table is filled there']
      : []),
    ...identityFaults(identity),
  ];
}
