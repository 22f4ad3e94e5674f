// What is wrong with a configuration, in words that say where, what was found and what was expected. Secrets are not shown.
import { identityFaults } from './identity.ts';
import { allowedKeys, configKeys, valueAt } from './keys.ts';
import { nearestName } from './nearest.ts';
import type { Config } from './schema.ts';
import { mayHoldSecret } from './secrets.ts';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  readonly keys?: readonly string[];
}

/**
 * The faults that the schema found.
 * @param tree the configuration as it was given
 */
export function schemaFaults(issues: readonly Issue[], tree: unknown): readonly string[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? unknownKeys(issue, tree) : [valueFault(issue, tree)],
  );
}

function valueFault(issue: Issue, tree: unknown): string {
  const path = issue.path.map(String).join('.');
  const key = configKeys().find((candidate) => candidate.path.join('.') === path);
  const hint = key === undefined ? '' : ` (${key.env[0] ?? ''}) - ${key.description}`;
  return `${path}: got ${shown(issue.path, tree)}, ${issue.message}${hint}`;
}

function shown(path: readonly PropertyKey[], tree: unknown): string {
  const value = valueAt(tree, path);
  if (value === undefined) return 'nothing';
  return mayHoldSecret(path) ? '(not shown: may be secret)' : JSON.stringify(value);
}

function unknownKeys({ path, keys = [] }: Issue, tree: unknown): readonly string[] {
  const allowed = allowedKeys(path, tree);
  const full = (name: string): string => [...path.map(String), name].join('.');
  return keys.map((name) => {
    const near = nearestName(name, allowed);
    return `${full(name)}: no such key${near === undefined ? '' : `, did you mean ${full(near)}?`}`;
  });
}

/** The faults of values that do not fit together. */
export function crossFaults({ matrix, people, identity }: Config): readonly string[] {
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
