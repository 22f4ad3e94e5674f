// Whether a job stands still: its passes fail one after the other, or the last good one is too long ago. Pure.
import type { Passes } from '../inbox/job-passes.ts';

/** How a job stands still. */
export type StandingStill = 'failing' | 'late';

/** So many failed passes in a row are more than a bad moment. */
const FAILURES = 3;
/** What a good pass may take, beside the intervals between passes. */
const PASS_MS = 60_000;
const INTERVALS = 3;

/**
 * Tells whether a job stands still.
 * @param lateAfterMs how old its last good pass may become
 * @param passes undefined as long as it has made none
 * @param watchedForMs how long it is watched: a job that has made no pass is late after this time too
 */
export function standingStill(
  lateAfterMs: number,
  { goodSecondsAgo, failures }: Passes = { goodSecondsAgo: undefined, failures: 0 },
  watchedForMs: number,
): StandingStill | undefined {
  if (failures >= FAILURES) return 'failing';
  const ageMs = goodSecondsAgo === undefined ? watchedForMs : goodSecondsAgo * 1000;
  return ageMs > lateAfterMs ? 'late' : undefined;
}

/** How old the last good pass of a job that is done every so often may become, where nothing else is said. */
export function lateAfter(intervalMs: number): number {
  return INTERVALS * intervalMs + PASS_MS;
}
