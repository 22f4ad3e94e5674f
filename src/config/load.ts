// Reads the configuration: YAML file, then environment, then the files that `…_FILE` variables name.
import { readFile } from 'node:fs/promises';
import { LineCounter, parse, YAMLParseError } from 'yaml';
import type { Environment } from './environment.ts';
import { fromEnvironment, misspelledVariables } from './environment.ts';
import { crossFaults, schemaFaults } from './faults.ts';
import { configKeys, configSections, environmentName } from './keys.ts';
import { withNewNames } from './renamed.ts';
import type { Config } from './schema.ts';
import { configSchema } from './schema.ts';
import { readItemFiles } from './item-files.ts';

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
 * @param warn is told what is accepted and should be changed; by default it goes to standard error
 * @throws ConfigError with all faults at once
 */
export async function loadConfig(
  file: string | undefined,
  given: Environment,
  warn: (warning: string) => void = (warning) => process.stderr.write(`Configuration: ${warning}\n`),
): Promise<Config> {
  const written = file === undefined ? {} : await readTree(file);
  const { tree, env, warnings } = withNewNames(written, given, (section) => `${environmentName([section])}_`);
  const keys = configKeys();
  for (const warning of [...warnings, ...misspelledVariables(keys, env)]) warn(warning);
  // An absent section is an empty one, so that each of its missing keys is named.
  for (const { name } of configSections()) tree[name] ??= {};
  const faults: string[] = [];
  for (const key of keys) {
    try {
      const value = await fromEnvironment(key, env);
      const [section, name] = key.path;
      if (value !== undefined) tree[section] = { ...asObject(tree[section]), [name]: value };
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  faults.push(...(await readItemFiles(tree)));
  const result = configSchema.safeParse(tree);
  faults.push(...schemaFaults(result.error?.issues ?? [], tree));
  if (result.success) faults.push(...crossFaults(result.data));
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

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
