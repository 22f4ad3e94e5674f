// What is wrong with a configuration, in words that say where, what was found and what was expected. Secrets are not shown.
import type { z } from 'zod';
import { encryptionKeyFaults } from './encryption-keys.ts';
import { identityFaults } from './identity.ts';
import { allowedKeys, configKeys, mayHoldSecret } from './keys.ts';
import { nearestName } from './nearest.ts';
import { placeholderFaults } from './placeholders.ts';
import { plainHttpFaults } from './plain-http.ts';
import { levelFaults } from './power-levels.ts';
import { retentionFaults } from './retention.ts';
import { roomFaults } from './rooms.ts';
import type { Config } from './schema.ts';

type Issue = z.core.$ZodIssue;

/**
 * The faults that the schema found.
 * @param tree the configuration as it was given
 */
export function schemaFaults(issues: readonly Issue[], tree: unknown): readonly string[] {
  return issues.flatMap((issue) => {
    const given = valueAt(tree, issue.path);
    return issue.code === 'unrecognized_keys' ? unknownKeys(issue, given) : [valueFault(issue, given)];
  });
}

function valueFault({ path, message }: Issue, given: unknown): string {
  const name = path.join('.');
  const key = configKeys().find((candidate) => candidate.path.join('.') === name);
  const hint = key === undefined ? '' : ` (${key.env[0] ?? ''}) - ${key.description}`;
  return `${name}: got ${shown(path, given)}, ${message}${hint}`;
}

function shown(path: Issue['path'], given: unknown): string {
  if (given === undefined) return 'nothing';
  return mayHoldSecret(path) ? '(not shown: may be secret)' : JSON.stringify(given);
}

/** What stands at a path; undefined where nothing does. An issue's own input may be all that stands around it. */
function valueAt(tree: unknown, path: Issue['path']): unknown {
  return path.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? Reflect.get(node, part) : undefined),
    tree,
  );
}

function unknownKeys({ path, keys }: z.core.$ZodIssueUnrecognizedKeys, object: unknown): readonly string[] {
  const allowed = allowedKeys(path, object);
  const full = (name: string): string => [...path.map(String), name].join('.');
  return keys.map((name) => {
    const near = nearestName(name, allowed);
    return `${full(name)}: no such key${near === undefined ? '' : `, did you mean ${full(near)}?`}`;
  });
}

/** The faults of values that do not fit together. */
export function* crossFaults(config: Config): Generator<string> {
  const { matrix, fhir, people, powerLevels, identity } = config;
  if (!matrix.botLocalpart.startsWith(matrix.ghostPrefix))
    yield `matrix.botLocalpart: got "${matrix.botLocalpart}", expected it to begin with matrix.ghostPrefix`;
  for (const key of ['conversationName', 'conversationTopic'] as const)
    if (matrix.conversationSubject === 'none' && matrix[key]?.includes('{subject}') === true)
      yield `matrix.${key}: got "${matrix[key]}", expected matrix.conversationSubject to say where {subject} is found`;
  if (fhir.threads !== 'ozo' && fhir.profile !== 'generic')
    yield `fhir.threads: got "${fhir.threads}", expected fhir.profile generic with it: ${fhir.profile} knows conversations as CommunicationRequests`;
  if (matrix.conversationSubject === 'topic' && fhir.threads !== 'medplum')
    yield 'matrix.conversationSubject: got "topic", expected fhir.threads medplum with it: a CommunicationRequest has no topic';
  yield* encryptionKeyFaults(config.database.encryptionKeys);
  yield* roomFaults(matrix);
  yield* levelFaults(powerLevels);
  if (people.resolveByDirectory && !identity.enabled)
    yield 'people.resolveByDirectory: got true, expected identity.enabled with it: its table is filled there';
  yield* identityFaults(identity);
  yield* retentionFaults(config.retention);
  yield* plainHttpFaults(config);
  yield* placeholderFaults(config);
}
