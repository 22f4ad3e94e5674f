// Many questions, one statement: what is asked while a statement runs goes into the next one together.

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How much goes into one statement, and how many statements run at one time. */
export interface CoalesceLimits {
  readonly largest: number;
  readonly concurrent: number;
}

/**
 * Makes a function that asks for one out of a function that asks for many. A question waits for nothing but a free
 * statement, so a lone one is as quick as ever; under load the statements grow instead of the queue.
 * @param askAll answers in the order of the questions; what it throws, each of its callers gets
 */
export function coalesce<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { largest, concurrent }: CoalesceLimits,
): (question: Question) => Promise<Answer> {
  let waiting: Waiting<Question, Answer>[] = [];
  let running = 0;
  let scheduled = false;

  async function answer(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await askAll(batch.map(({ question }) => question));
      batch.forEach(({ resolve, reject }, index) => {
        const given = answers[index];
        if (given === undefined) reject(new TypeError('A question was left without an answer'));
        else resolve(given);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
      start();
    }
  }

  function start(): void {
    scheduled = false;
    while (running < concurrent && waiting.length > 0) {
      const batch = waiting.slice(0, largest);
      waiting = waiting.slice(largest);
      running += 1;
      void answer(batch);
    }
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      // Requests that came in together are read in one turn of the event loop: they are asked together.
      if (scheduled || running >= concurrent) return;
      scheduled = true;
      setImmediate(start);
    });
}
