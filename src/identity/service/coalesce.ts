// Many questions, one statement: what is asked while a statement runs goes into the next one together.

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How much goes into one statement, and how many may run at one time where they are slow. */
export interface CoalesceLimits {
  readonly largest: number;
  readonly concurrent: number;
}

/** After so long a statement no longer keeps the next one waiting: it may hang. */
const PATIENCE_MS = 100;

/**
 * Makes a function that asks for one out of a function that asks for many. A lone question is asked at once; what comes
 * while a statement runs waits for its end and goes together, so under load the statements grow instead of their number:
 * each costs both sides far more than one question more in it.
 * @param askAll answers in the order of the questions; what it throws, each of its callers gets
 */
export function coalesce<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { largest, concurrent }: CoalesceLimits,
): (question: Question) => Promise<Answer> {
  let waiting: Waiting<Question, Answer>[] = [];
  let running = 0;
  let isHeldUp = false;
  let isScheduled = false;

  async function run(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    running += 1;
    isHeldUp = true;
    const goOn = (): void => {
      isHeldUp = false;
      start();
    };
    const patience = setTimeout(goOn, PATIENCE_MS);
    await answer(askAll, batch);
    clearTimeout(patience);
    running -= 1;
    goOn();
  }

  function start(): void {
    isScheduled = false;
    if (isHeldUp || running >= concurrent || waiting.length === 0) return;
    const batch = waiting.slice(0, largest);
    waiting = waiting.slice(largest);
    void run(batch);
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      // Requests that came in together are read in one turn of the event loop: they are asked together.
      if (isScheduled || isHeldUp) return;
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
