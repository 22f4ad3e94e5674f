// Many questions, one statement: what is asked while a statement runs goes into the next one together.

interface Waiting<Question, Answer> extends PromiseWithResolvers<Answer> {
  readonly question: Question;
}

/** So many that wait are worth a statement of their own: one side works on it while the other works on the one before. */
const WORTHWHILE = 16;
/** After so long a statement no longer keeps a few waiting: it may hang. */
const PATIENCE_MS = 100;

/**
 * Makes a function that asks for one out of a function that asks for many. A lone question is asked at once; what comes
 * while a statement runs waits for its end, or for enough company, so under load the statements grow instead of their
 * number: each costs both sides far more than one question more in it.
 * @param askAll answers in the order of the questions; what it throws, each of its callers gets
 * @param limits how much goes into one statement, and how many may run at one time where they are slow
 */
export function coalesce<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { largest, concurrent }: { readonly largest: number; readonly concurrent: number },
): (question: Question) => Promise<Answer> {
  type Batch = readonly Waiting<Question, Answer>[];
  const waiting: Waiting<Question, Answer>[] = [];
  let running = 0;
  /** Those of the statements that run and are not late. */
  const prompt = new Set<Batch>();
  let isScheduled = false;

  async function run(batch: Batch): Promise<void> {
    running += 1;
    prompt.add(batch);
    const patience = setTimeout(() => {
      prompt.delete(batch);
      start();
    }, PATIENCE_MS);
    await answer(askAll, batch);
    clearTimeout(patience);
    running -= 1;
    prompt.delete(batch);
    start();
  }

  const mayStart = (): boolean =>
    waiting.length > 0 &&
    running < concurrent &&
    (prompt.size === 0 || waiting.length >= Math.min(WORTHWHILE, largest));

  function start(): void {
    isScheduled = false;
    if (mayStart()) void run(waiting.splice(0, largest));
  }

  return (question) => {
    const asked = { question, ...Promise.withResolvers<Answer>() };
    waiting.push(asked);
    // Requests that came in together are read in one turn of the event loop: they are asked together.
    if (!isScheduled && mayStart()) {
      isScheduled = true;
      setImmediate(start);
    }
    return asked.promise;
  };
}

/** Never throws: errors go to those who asked. */
async function answer<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  batch: readonly Waiting<Question, Answer>[],
): Promise<void> {
  try {
    const answers = await askAll(batch.map(({ question }) => question));
    batch.forEach(({ resolve, reject }, index) => {
      const given = answers[index];
      if (given === undefined) reject(new TypeError('A question was left without an answer'));
      else resolve(given);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
