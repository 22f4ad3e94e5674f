// Sections that have a new name: the old one is still accepted, with a warning. Entries go after one version.
import type { Environment } from './environment.ts';

/** Old name → new name, each as it stands in the file. */
const RENAMED_SECTIONS: Readonly<Record<string, string>> = { sweep: 'nightlyReconcile' };

/**
 * Puts what stands under old names in the place of the new ones; what stands there already counts.
 * @param variable the beginning of a section's environment variables: `BRIDGE_SWEEP_`
 */
export function withNewNames(
  tree: Readonly<Record<string, unknown>>,
  env: Environment,
  variable: (section: string) => string,
): { tree: Record<string, unknown>; env: Environment; warnings: readonly string[] } {
  const newTree = { ...tree };
  const newEnv = { ...env };
  const warnings: string[] = [];
  for (const [before, now] of Object.entries(RENAMED_SECTIONS)) {
    if (before in tree) {
      newTree[now] = merged(tree[before], tree[now]);
      Reflect.deleteProperty(newTree, before);
      warnings.push(`${before}: is now called ${now}; the old name will not be read by the next version`);
    }
    for (const name of Object.keys(env).filter((one) => one.startsWith(variable(before)))) {
      const newName = name.replace(variable(before), variable(now));
      newEnv[newName] ??= env[name];
      warnings.push(`${name}: is now called ${newName}; the old name will not be read by the next version`);
    }
  }
  return { tree: newTree, env: newEnv, warnings };
}

function merged(before: unknown, now: unknown): unknown {
  if (now === undefined || now === null) return before;
  const areSections = [before, now].every((one) => typeof one === 'object' && one !== null);
  return areSections ? { ...(before as object), ...now } : now;
}
