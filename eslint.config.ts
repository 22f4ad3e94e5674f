// Lint rules, among them which folder of src/ may import which (docs/explanation/architecture.md).
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * Folders of `src/`, lowest first, and the folders each may import from; `types` marks folders open for type imports only.
 * No folder may import one that stands below it in this list, so that none forms a circle with another.
 */
export const importTable: Record<string, { from: readonly string[]; types?: readonly string[] }> = {
  domain: { from: [] },
  mapping: { from: ['domain'] },
  messages: { from: ['domain', 'mapping'] },
  audit: { from: ['domain'] },
  telemetry: { from: ['domain'] },
  'at-rest': { from: ['domain', 'telemetry'] },
  config: { from: ['domain'] },
  net: { from: ['domain', 'telemetry'] },
  inbox: { from: ['domain', 'telemetry'] },
  store: { from: ['domain', 'telemetry'] },
  matrix: { from: ['domain', 'telemetry', 'net'] },
  fhir: { from: ['domain', 'telemetry', 'net'] },
  pseudonyms: { from: ['domain', 'telemetry', 'net'] },
  identity: { from: ['domain', 'mapping', 'telemetry', 'net'], types: ['store', 'matrix', 'fhir'] },
  files: { from: ['domain', 'telemetry', 'net'], types: ['store', 'matrix', 'fhir'] },
  flows: {
    from: ['domain', 'mapping', 'messages', 'audit', 'telemetry'],
    types: ['store', 'matrix', 'fhir', 'inbox', 'pseudonyms', 'files'],
  },
  ops: { from: ['domain', 'telemetry'], types: ['store', 'inbox'] },
  jobs: {
    from: ['domain', 'telemetry', 'at-rest', 'inbox', 'store', 'matrix', 'fhir', 'identity', 'flows'],
    types: ['config'],
  },
};

/** The folders that put everything together: they may import every folder, and only they and main.ts import them. */
export const composing: readonly string[] = ['app', 'cli'];

/** Relative paths into a folder of `src/`, from folders beside it and up to three below. */
const inside = (folder: string): string[] =>
  ['..', '../..', '../../..', '../../../..'].map((up) => `${up}/${folder}/**`);

interface ImportPattern {
  group: string[];
  message: string;
  allowTypeImports?: boolean;
}

function importRule(
  folder: string,
  from: readonly string[],
  types: readonly string[],
): ['error', { patterns: ImportPattern[] }] {
  const open = new Set([folder, ...from, ...types]);
  const closed = [...Object.keys(importTable), ...composing].filter((other) => !open.has(other));
  const patterns: ImportPattern[] = [
    {
      group: [...closed.flatMap(inside), ...['..', '../..', '../../..'].map((up) => `${up}/main.ts`)],
      message: `src/${folder} may not import this: see docs/explanation/architecture.md.`,
    },
  ];
  if (types.length > 0) {
    patterns.push({
      group: types.flatMap(inside),
      allowTypeImports: true,
      message: `src/${folder} may import only types from here: see docs/explanation/architecture.md.`,
    });
  }
  return ['error', { patterns }];
}

const importRules = Object.entries(importTable).map(([folder, { from, types = [] }]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: { '@typescript-eslint/no-restricted-imports': importRule(folder, from, types) },
}));

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', '.cache/', 'stack/hapi/target/'] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  { languageOptions: { parserOptions: { projectService: true } } },
  {
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-console': 'error',
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ClassDeclaration:not([superClass.name=/Error$/])',
          message: 'Write createX(deps) functions; classes are for errors only.',
        },
      ],
    },
  },
  ...importRules,
  { files: ['test/**', 'bench/**'], rules: { 'max-lines-per-function': 'off' } },
);
