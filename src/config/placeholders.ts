// Refuses the secrets of the sample: they are public, and who copies the sample may forget them.
import { mayHoldSecret } from './keys.ts';

const PLACEHOLDER = /change[-_ ]?me/i;

/**
 * The faults of secrets that are still those of the sample.
 * @param tree the configuration, complete
 */
export function placeholderFaults(tree: unknown): readonly string[] {
  return textsIn(tree, []).flatMap(([path, text]) =>
    PLACEHOLDER.test(text) && mayHoldSecret(path)
      ? [`${path.join('.')}: got that of the sample, expected a secret of your own: openssl rand -hex 32`]
      : [],
  );
}

function textsIn(node: unknown, path: readonly string[]): readonly (readonly [readonly string[], string])[] {
  if (typeof node === 'string') return [[path, node]];
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => textsIn(value, [...path, name]));
}
