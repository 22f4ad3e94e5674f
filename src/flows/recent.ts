// Answers that are good for a short time, in the memory of this process.
import type { Clock } from '../domain/clock.ts';

/** The answers, by key. */
export interface Recent<Value> {
  /** Undefined where there is none, or it is too old. */
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value) => void;
  /** Forgets all: something has changed. */
  readonly clear: () => void;
}

/**
 * Creates it.
 * @param forMs how long an answer is good
 * @param most how many are kept; the oldest go first
 */
export function createRecent<Value>(
  clock: Pick<Clock, 'monotonicMs'>,
  { forMs, most }: { readonly forMs: number; readonly most: number },
): Recent<Value> {
  const answers = new Map<string, { readonly value: Value; readonly untilMs: number }>();
  return {
    get: (key) => {
      const answer = answers.get(key);
      if (answer === undefined) return undefined;
      if (clock.monotonicMs() < answer.untilMs) return answer.value;
      answers.delete(key);
      return undefined;
    },
    clear: () => {
      answers.clear();
    },
    set: (key, value) => {
      answers.delete(key);
      answers.set(key, { value, untilMs: clock.monotonicMs() + forMs });
      const [oldest] = answers.keys();
      if (answers.size > most && oldest !== undefined) answers.delete(oldest);
    },
  };
}
