// Questions that meet go into one statement; none waits for a statement that hangs, and none gets another's answer.
import { expect, test } from 'vitest';
import { coalesce } from '../../../src/identity/protection/coalesce.ts';
import { gate } from '../../builders/http.ts';

const LIMITS = { largest: 3, concurrent: 2 };

/** Doubles numbers; each statement waits for its gate. */
function doubling() {
  const batches: (readonly number[])[] = [];
  const gates = Array.from({ length: 10 }, () => gate());
  const ask = coalesce(async (questions: readonly number[]) => {
    await gates[batches.push(questions) - 1]?.passed;
    return questions.map((question) => question * 2);
  }, LIMITS);
  return { ask, batches, open: (index: number) => gates[index]?.open() };
}

test('what is asked together, and what is asked meanwhile, goes together, in pieces of the largest size', async () => {
  const { ask, batches, open } = doubling();
  const first = ask(1);
  await expect.poll(() => batches.length).toBe(1);
  const rest = [2, 3, 4, 5].map(ask);
  open(0);
  expect(await first).toBe(2);
  open(1);
  open(2);
  expect(await Promise.all(rest)).toEqual([4, 6, 8, 10]);
  expect(batches).toEqual([[1], [2, 3, 4], [5]]);
});

test('a statement that hangs does not keep the others waiting, and no more than the limit run', async () => {
  const { ask, batches, open } = doubling();
  const hanging = [ask(1)];
  await expect.poll(() => batches.length).toBe(1);
  hanging.push(ask(2));
  await expect.poll(() => batches.length).toBe(2);
  const waiting = ask(3);
  open(1);
  expect(await hanging[1]).toBe(4);
  open(2);
  expect(await waiting).toBe(6);
  open(0);
  expect(await hanging[0]).toBe(2);
  expect(batches).toEqual([[1], [2], [3]]);
});

test('a failure is everybody’s who asked in it, and nobody’s who asks after', async () => {
  let statements = 0;
  const ask = coalesce((questions: readonly number[]) => {
    statements += 1;
    return statements === 1 ? Promise.reject(new Error('the database is gone')) : Promise.resolve(questions);
  }, LIMITS);
  const failed = await Promise.allSettled([ask(1), ask(2)]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await ask(3)).toBe(3);
});
