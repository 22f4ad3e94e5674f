// Generates the commented sample configuration from the schema.
import { stringify } from 'yaml';
import type { ConfigKey } from './keys.ts';
import { configKeys, configSections } from './keys.ts';

/** Values for the sample's required keys: a stack on one machine. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  'database.url': 'postgresql://bridge:change-me@localhost:5432/bridge_db',
  'matrix.homeserverUrl': 'http://localhost:8008',
  'matrix.serverName': 'localhost',
  'matrix.asToken': 'change-me-as-token-of-the-registration',
  'matrix.hsToken': 'change-me-hs-token-of-the-registration',
  'fhir.baseUrl': 'http://localhost:8080/fhir',
  'fhir.hookSecret': 'change-me-hook-secret',
  'people.pseudonymizationKey': 'change-me-pseudonymization-key',
};

/** The text of `config.sample.yaml`: required keys set, the others commented out with their defaults. */
export function sampleConfig(): string {
  const keys = configKeys();
  const sections = configSections().map(({ name, description }) => {
    const own = keys.filter((key) => key.path[0] === name);
    const allOptional = own.every((key) => !key.required);
    return [
      `# ${description}`,
      allOptional ? `# ${name}:` : `${name}:`,
      ...own.flatMap((key) => sampleLines(key)),
      '',
    ].join('\n');
  });
  return [
    '# yaml-language-server: $schema=./docs/reference/config.schema.json',
    '# Configuration of fhir-matrix-bridge. Generated: fhir-matrix-bridge config sample',
    '# Keys that are commented out show their defaults. Every key can also be set in the environment, as',
    '# BRIDGE_SECTION_KEY (BRIDGE_MATRIX_AS_TOKEN), or BRIDGE_SECTION_KEY_FILE with the path of a file.',
    '',
    ...sections,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function sampleLines(key: ConfigKey): string[] {
  const path = key.path.join('.');
  const name = key.path.at(-1) ?? '';
  const example = EXAMPLES[path];
  const value = valueText(example ?? key.default ?? '');
  const choices = key.choices === undefined ? '' : ` One of ${key.choices.join(', ')}.`;
  const comment = `  # ${key.description}${choices}`;
  return [comment, example === undefined ? `  # ${name}: ${value}` : `  ${name}: ${value}`];
}

/** Lists stand on one line: each key is one line that can be commented in. */
function valueText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : stringify(value).trim();
}
