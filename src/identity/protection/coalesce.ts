// Many questions, one statement: what is asked while a statement runs goes into the next one together.

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How much goes into one statement, and how many may run at one time where they are slow. */
interface CoalesceLimits {
  readonly largest: number;
  readonly concurrent: number;
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
 */
export function coalesce<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { largest, concurrent }: CoalesceLimits,
): (question: Question) => Promise<Answer> {
  let waiting: Waiting<Question, Answer>[] = [];
  let running = 0;
  /** Statements that are not late. */
  let prompt = 0;
  let isScheduled = false;

  async function run(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    running += 1;
    prompt += 1;
    const state = { isLate: false };
    const patience = setTimeout(() => {
      state.isLate = true;
      prompt -= 1;
      start();
    }, PATIENCE_MS);
    await answer(askAll, batch);
    clearTimeout(patience);
    running -= 1;
    if (!state.isLate) prompt -= 1;
    start();
  }

  const mayStart = (): boolean =>
    waiting.length > 0 &&
    running < concurrent &&
    (prompt === 0 || waiting.length >= Math.min(WORTHWHILE, largest));

  function start(): void {
    isScheduled = false;
    if (!mayStart()) return;
    const batch = waiting.slice(0, largest);
    waiting = waiting.slice(largest);
    void run(batch);
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      // Requests that came in together are read in one turn of the event loop: they are asked together.
      if (isScheduled || !mayStart()) return;
      isScheduled = true;
      setImmediate(start);
    });
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
