// Judges from the reported attempts whether the work was done as promised: all of it, in order, one at a time, once.
import type { Attempt } from './worker.ts';

/** Says what is wrong with work that is finished; nothing when all is right. */
export function judge(attempts: readonly Attempt[], tasksPerKey: number): string[] {
  return judgeKeys(attempts, (key, inOrder) => {
    const numbers = inOrder.filter((attempt) => attempt.ok).map((attempt) => attempt.number);
    const right = numbers.length === tasksPerKey && numbers.every((number, index) => number === index + 1);
    if (!right) return [`${key}: succeeded in the order ${numbers.join(' ')}`];
    const overtaken = inOrder.filter(({ number, ok }, index) => !ok && inOrder[index + 1]?.number !== number);
    return overtaken.map(({ number }) => `${key}: ${number} failed and was overtaken`);
  });
}

/** The same for work that a killed worker was part of: what it did last is not known, and may have been repeated. */
export function judgeUnfinished(attempts: readonly Attempt[]): string[] {
  return judgeKeys(attempts, (key, inOrder) => {
    const backwards = inOrder.filter(({ number }, index) => number < (inOrder[index - 1]?.number ?? 0));
    return backwards.map(({ number }) => `${key}: ${number} came after a later one`);
  });
}

function judgeKeys(
  attempts: readonly Attempt[],
  judgeKey: (key: string, inOrder: readonly Attempt[]) => string[],
): string[] {
  const problems: string[] = [];
  for (const [key, ofKey] of Map.groupBy(attempts, (attempt) => attempt.key)) {
    const inOrder = ofKey.toSorted((one, other) => one.startMs - other.startMs);
    problems.push(...judgeKey(key, inOrder));
    const overlapping = inOrder.filter(({ startMs }, index) => startMs < (inOrder[index - 1]?.endMs ?? 0));
    problems.push(
      ...overlapping.map(({ number }) => `${key}: ${number} began before the one before it had ended`),
    );
  }
  return problems.length > 5 ? [...problems.slice(0, 5), `... and ${problems.length - 5} more`] : problems;
}
