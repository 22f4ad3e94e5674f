// An answer that costs a question to the database, for whoever asks, however many and however often: one question at a time.

/**
 * Makes a function that asks no more than once at a time, and keeps each answer, or failure, for a while.
 * @param keepMs for how long; with 0, who asks while a question is under way shares the next one, so that no answer is older than
 *   its question
 * @param nowMs the time, in milliseconds, that never goes back
 */
export function kept<Answer>(
  ask: () => Promise<Answer>,
  { keepMs, nowMs }: { readonly keepMs: number; readonly nowMs: () => number },
): () => Promise<Answer> {
  let last: { readonly answer: Promise<Answer>; readonly askedAt: number } | undefined;
  let running = false;
  let next: Promise<Answer> | undefined;

  function start(): Promise<Answer> {
    running = true;
    next = undefined;
    const answer = ask().finally(() => {
      running = false;
    });
    last = { answer, askedAt: nowMs() };
    return answer;
  }

  return () => {
    if (last !== undefined && nowMs() - last.askedAt < keepMs) return last.answer;
    if (!running || last === undefined) return start();
    next ??= last.answer.then(start, start);
    return next;
  };
}
