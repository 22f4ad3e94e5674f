// Judges from the reported attempts whether the work was done as promised: all of it, in order, one at a time, once.
import type { Attempt } from './worker.ts';

/** Says what is wrong; nothing when all is right. `lenient`: a worker was killed, so reports and repeats are missing. */
export function judge(attempts: readonly Attempt[], tasksPerKey: number, { lenient = false } = {}): string[] {
  const problems: string[] = [];
  for (const [key, ofKey] of Map.groupBy(attempts, (attempt) => attempt.key)) {
    const inOrder = ofKey.toSorted((one, other) => one.startMs - other.startMs);
    let done = 0;
    let busyUntil = 0;
    for (const { number, startMs, endMs, ok } of inOrder) {
      if (number < done || (number === done && !lenient))
        problems.push(`${key}: ${number} came again after ${done}`);
      if (number > done + 1 && !lenient) problems.push(`${key}: ${number} overtook ${done + 1}`);
      if (startMs < busyUntil) problems.push(`${key}: ${number} began before the one before it had ended`);
      busyUntil = endMs;
      if (ok) done = number;
    }
    if (done !== tasksPerKey) problems.push(`${key}: ended with ${done} of ${tasksPerKey}`);
  }
  return problems.length > 5 ? [...problems.slice(0, 5), `... and ${problems.length - 5} more`] : problems;
}
