// The configuration's keys as a list: path, description, default, environment names. Read off the schema.
import { z } from 'zod';
import { configSchema } from './schema.ts';

/** One key of the configuration file. */
export interface ConfigKey {
  /** Such as `['matrix', 'homeserverUrl']`. */
  readonly path: readonly [section: string, name: string];
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
interface SchemaNode {
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

let jsonSchema: Readonly<Record<string, unknown>> | undefined;

/** The JSON schema of the configuration file, for editors (JSON Schema draft 2020-12). Made once: it takes some hundredths of a second. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  jsonSchema ??= z.toJSONSchema(configSchema, { io: 'input' });
  return jsonSchema;
}

/** The sections of the file, in order, with their descriptions. */
export function configSections(): readonly { name: string; description: string }[] {
  return Object.entries(sectionNodes()).map(([name, { description = '' }]) => ({ name, description }));
}

/** Every key, in the order of the schema: each section is a flat list of them. */
export function configKeys(): readonly ConfigKey[] {
  return Object.entries(sectionNodes()).flatMap(([section, { properties = {}, required = [] }]) =>
    Object.entries(properties).map(([name, key]): ConfigKey => ({
      path: [section, name],
      description: key.description ?? '',
      type: key.type ?? 'string',
      choices: key.enum,
      default: key.default,
      required: required.includes(name),
      secret: key.secret ?? false,
      env: [environmentName([section, name]), ...(GUIDE_NAMES[`${section}.${name}`] ?? [])],
    })),
  );
}

function sectionNodes(): Readonly<Record<string, SchemaNode>> {
  const { properties = {} }: SchemaNode = configJsonSchema();
  return properties;
}

/** `['matrix', 'asToken']` → `BRIDGE_MATRIX_AS_TOKEN`. */
export function environmentName(path: readonly string[]): string {
  return ['bridge', ...path].map((part) => part.replace(/([A-Z])/g, '_$1').toUpperCase()).join('_');
}

/**
 * The keys that an object may have; where a list has items of several kinds, those of its own kind.
 * @param path where it stands in the file
 */
export function allowedKeys(path: readonly PropertyKey[], object: unknown): readonly string[] {
  const root: readonly SchemaNode[] = [configJsonSchema()];
  const nodes = path.reduce((above, part) => above.flatMap((node) => nodesIn(node, part)), root);
  const kind = z.object({ kind: z.unknown() }).safeParse(object).data?.kind;
  return nodes
    .flatMap(alternativesOf)
    .filter(({ properties }) => properties?.['kind'] === undefined || properties['kind'].const === kind)
    .flatMap(({ properties = {} }) => Object.keys(properties));
}

/** Whether a value at this path may be or hold a secret: its own place, and whatever stands where a section or list does. */
export function mayHoldSecret(path: readonly PropertyKey[], node: SchemaNode = configJsonSchema()): boolean {
  const [head, ...rest] = path;
  return (
    alternativesOf(node).some(({ secret }) => secret === true) ||
    nodesIn(node, head).some((child) => mayHoldSecret(rest, child))
  );
}

/** The schemas of what stands in a value at one place, or at any. */
function nodesIn(node: SchemaNode, place: PropertyKey | undefined): readonly SchemaNode[] {
  return alternativesOf(node)
    .flatMap(({ properties = {}, items }) => [
      ...(place === undefined ? Object.values(properties) : [properties[String(place)]]),
      items,
    ])
    .filter((child) => child !== undefined);
}

/** A schema with those it leaves the choice of. */
function alternativesOf(node: SchemaNode): readonly SchemaNode[] {
  return [node, ...[...(node.oneOf ?? []), ...(node.anyOf ?? [])].flatMap(alternativesOf)];
}
