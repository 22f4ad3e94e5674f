// Has mutants of all kinds of events and resources go through the whole bridge, round after round.
import fc from 'fast-check';
import type { Finding } from './finding.ts';
import { shorter, smallest } from './lesser.ts';
import { labelOf, mutation, type Mutation, type PipelineExample } from './mutants.ts';
import { playRound, type Appearing, type RoundFault } from './play-round.ts';
import type { Scene } from './scene.ts';
import { silentIn } from './still-alive.ts';
import type { World } from './world.ts';

/** How many mutants are drawn of each kind, and which of them appear. */
export interface Drawing {
  readonly seed: number;
  readonly each: number;
  readonly at?: number | undefined;
}

/** Of each kind in a round, where no resources are changed. */
const EVENTS_AT_ONCE = 100;
const MOST_SHRUNK = 3;

/** Plays all rounds. @param tell is told of each finding as it comes */
export async function checkPipeline(
  world: World,
  scene: Scene,
  examples: readonly PipelineExample[],
  drawing: Drawing,
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const drawn = new Map(
    examples.map((example) => [example, fc.sample(mutation, { seed: drawing.seed, numRuns: drawing.each })]),
  );
  const findings = new Map<string, Finding>();
  const step = examples.some((example) => 'comes' in example) ? scene.places : EVENTS_AT_ONCE;
  for (let first = 0; first < drawing.each; first += step) {
    const mutants = examples.flatMap((example) =>
      (drawn.get(example) ?? [])
        .slice(first, first + step)
        .map((each, offset) => ({ example, mutation: each, index: first + offset }))
        .filter(({ index }) => drawing.at === undefined || drawing.at === index),
    );
    const faults = mutants.length === 0 ? [] : await playRound(world, scene, mutants);
    for (const fault of faults) {
      const key = `${fault.mutant === undefined ? '' : labelOf(fault.mutant.example)} ${kindOf(fault)}`;
      if (findings.has(key)) continue;
      const finding = await findingOf(world, scene, fault, drawing, findings.size < MOST_SHRUNK);
      findings.set(key, finding);
      tell(finding);
    }
  }
  for (const what of await silentIn(world, scene)) {
    const finding = { of: '', seed: drawing.seed, each: drawing.each, what };
    findings.set(what, finding);
    tell(finding);
  }
  return [...findings.values()];
}

/** What faults of one kind have in common. */
function kindOf({ what }: RoundFault): string {
  return what.slice(0, 60).replaceAll(/\d+/g, '');
}

async function findingOf(
  world: World,
  scene: Scene,
  fault: RoundFault,
  { seed, each }: Drawing,
  isShrunk: boolean,
): Promise<Finding> {
  const { mutant, what } = fault;
  if (mutant === undefined) return { of: '', seed, each, what };
  const { example, index } = mutant;
  const least = isShrunk ? await shrunk(world, scene, mutant, kindOf(fault)) : mutant.mutation;
  return {
    of: labelOf(example),
    seed,
    each,
    what,
    at: index,
    smallest: JSON.stringify(least).slice(0, 1_000),
  };
}

async function shrunk(world: World, scene: Scene, mutant: Appearing, kind: string): Promise<Mutation> {
  const fails = async (candidate: Mutation): Promise<boolean> =>
    (await playRound(world, scene, [{ ...mutant, mutation: candidate }])).some(
      (fault) => kindOf(fault) === kind,
    );
  const lesser = (one: Mutation): readonly Mutation[] =>
    shorter(one.changes).map((changes) => ({ ...one, changes }));
  return smallest(mutant.mutation, lesser, fails);
}
