// Lint rules, among them the import directions of the house plan (docs/explanation/house-plan.md).
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Folders of `src/` and the folders each may import from; `types` marks folders open for type imports only. */
export const importTable: Record<string, { from: readonly string[]; types?: readonly string[] }> = {
  domain: { from: [] },
  mapping: { from: ['domain'] },
  telemetry: { from: ['domain'] },
  config: { from: ['domain'] },
  inbox: { from: ['domain', 'telemetry'] },
  store: { from: ['domain', 'telemetry'] },
  matrix: { from: ['domain', 'telemetry'] },
  fhir: { from: ['domain', 'telemetry'] },
  pseudonyms: { from: ['domain', 'telemetry'] },
  flows: {
    from: ['domain', 'mapping', 'telemetry'],
    types: ['store', 'matrix', 'fhir', 'inbox', 'pseudonyms'],
  },
  identity: { from: ['domain', 'mapping', 'telemetry'], types: ['store', 'matrix', 'fhir'] },
  ops: { from: ['domain', 'telemetry'], types: ['store', 'inbox'] },
};

/** Relative paths into a folder of `src/`, from a folder beside it or one below. */
const inside = (folder: string): string[] => [`../${folder}/**`, `../../${folder}/**`];

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
  const closed = [...Object.keys(importTable), 'cli'].filter((other) => !open.has(other));
  const patterns: ImportPattern[] = [
    {
      group: [...closed.flatMap(inside), '../main.ts', '../../main.ts'],
      message: `src/${folder} may not import this: see the house plan.`,
    },
  ];
  if (types.length > 0) {
    patterns.push({
      group: types.flatMap(inside),
      allowTypeImports: true,
      message: `src/${folder} may import only types from here: see the house plan.`,
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
