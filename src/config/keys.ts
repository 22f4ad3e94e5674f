// The configuration's keys as a list: path, description, default, environment names. Read off the schema.
import { z } from 'zod';
import { configSchema } from './schema.ts';

/** One key of the configuration file. */
export interface ConfigKey {
  /** Such as `['matrix', 'homeserverUrl']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly type: string;
  readonly choices: readonly string[] | undefined;
  readonly default: unknown;
  readonly required: boolean;
  readonly secret: boolean;
  /** Names of environment variables that set it, the first being the proper one. Each works as `…_FILE` too. */
  readonly env: readonly string[];
}

/** What is read off a node of the JSON schema. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
}

/** Names that the public deployment guides use for the same settings. */
const GUIDE_NAMES: Readonly<Record<string, readonly string[]>> = {
  'matrix.homeserverUrl': ['MATRIX_URL'],
  'fhir.baseUrl': ['FHIR_URL', 'DATA_SERVER_URL'],
  'database.url': ['DATABASE_URL'],
  'listen.port': ['PORT'],
  'log.level': ['LOG_LEVEL'],
};

/** The JSON schema of the configuration file, for editors (JSON Schema draft 2020-12). */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

/** The sections of the file, in order, with their descriptions. */
export function configSections(): readonly { name: string; description: string }[] {
  const { properties = {} }: SchemaNode = configJsonSchema();
  return Object.entries(properties).map(([name, { description = '' }]) => ({ name, description }));
}

/** Every key, in the order of the schema. */
export function configKeys(): readonly ConfigKey[] {
  return keysOf(configJsonSchema(), []);
}

function keysOf(node: SchemaNode, path: readonly string[]): readonly ConfigKey[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const childPath = [...path, name];
    if (child.properties !== undefined) return keysOf(child, childPath);
    return [
      {
        path: childPath,
        description: child.description ?? '',
        type: child.type ?? 'string',
        choices: child.enum,
        default: child.default,
        required: node.required?.includes(name) ?? false,
        secret: child.secret ?? false,
        env: [environmentName(childPath), ...(GUIDE_NAMES[childPath.join('.')] ?? [])],
      },
    ];
  });
}

/** `['matrix', 'asToken']` → `BRIDGE_MATRIX_AS_TOKEN`. */
export function environmentName(path: readonly string[]): string {
  return ['bridge', ...path].map((part) => part.replace(/([A-Z])/g, '_$1').toUpperCase()).join('_');
}

/** The keys that the object at a path of the file may have; in lists of several kinds, those of its own kind. */
export function allowedKeys(path: readonly PropertyKey[], tree: unknown): readonly string[] {
  return keysBelow(configJsonSchema(), path, tree);
}

function keysBelow(node: SchemaNode, path: readonly PropertyKey[], value: unknown): readonly string[] {
  const { properties = {}, items, oneOf } = node;
  if (oneOf !== undefined) {
    const own = oneOf.find(({ properties: { kind } = {} }) => kind?.const === valueAt(value, ['kind']));
    return own === undefined ? [] : keysBelow(own, path, value);
  }
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(properties);
  const child = properties[String(head)] ?? items;
  return child === undefined ? [] : keysBelow(child, rest, valueAt(value, [head]));
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? Reflect.get(node, part) : undefined),
    tree,
  );
}
