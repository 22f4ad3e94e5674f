// "Did you mean": the known name that a misspelled one is nearest to.
import { distance } from 'fastest-levenshtein';

/** Names shorter than this are not taken for the beginning of another. */
const LEAST_BEGINNING = 4;

/** The nearest of the known names, if it is near: case and separators do not count, a third of the letters may differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = bare(name);
  const [best] = known
    .map((candidate) => ({ candidate, steps: stepsBetween(given, bare(candidate)) }))
    .toSorted((a, b) => a.steps - b.steps);
  return best !== undefined && best.steps <= Math.max(1, given.length / 3) ? best.candidate : undefined;
}

const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** A beginning is as good as one wrong letter: `requestTimeout` for `requestTimeoutSeconds`. */
function stepsBetween(given: string, known: string): number {
  const isBeginning = given.length >= LEAST_BEGINNING && known.startsWith(given) && known !== given;
  return isBeginning ? 1 : distance(given, known);
}
