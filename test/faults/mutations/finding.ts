// What a run finds, and the command that shows it again.

/** How a run is repeated. */
export interface Drawn {
  /** The route, or the kind of event. */
  readonly of: string;
  readonly seed: number;
  /** How many are drawn of each. */
  readonly each: number;
}

/** Something that must not be. */
export interface Finding extends Drawn {
  readonly what: string;
  /** Undefined where it cannot be told which one it was. */
  readonly at?: number;
  /** The smallest that shows it. */
  readonly smallest?: string;
}

/** The finding as a person reads it. */
export function toldFinding({ of, what, at, seed, each, smallest }: Finding): string {
  const only = at === undefined ? '' : ` --at ${at}`;
  return [
    `${of}: ${what}`,
    ...(smallest === undefined ? [] : [`  smallest: ${smallest}`]),
    `  again: npm run test:mutations -- --only '${of}' --each ${each} --seed ${seed}${only}`,
  ].join('\n');
}
