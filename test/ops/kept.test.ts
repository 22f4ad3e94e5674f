// However many ask for figures, and however often: the database is asked once at a time, and not again while the answer is fresh.
import { expect, test } from 'vitest';
import { kept } from '../../src/ops/kept.ts';
import { gate } from '../builders/http.ts';

function figures(keepMs: number) {
  const state = { now: 0, asked: 0, atOnce: 0, most: 0, fails: false, proceed: gate() };
  const read = kept(
    async () => {
      const number = (state.asked += 1);
      state.most = Math.max(state.most, (state.atOnce += 1));
      await state.proceed.passed;
      state.atOnce -= 1;
      if (state.fails) throw new Error('No database');
      return number;
    },
    { keepMs, nowMs: () => state.now },
  );
  return { state, read };
}

test('a thousand who ask at once cost one question', async () => {
  const { state, read } = figures(1_000);
  const answers = Promise.all(Array.from({ length: 1_000 }, read));
  state.proceed.open();
  expect(new Set(await answers)).toEqual(new Set([1]));
});

test('what was answered is answered again until it is a second old', async () => {
  const { state, read } = figures(1_000);
  state.proceed.open();
  expect(await read()).toBe(1);
  state.now = 999;
  expect(await read()).toBe(1);
  state.now = 1_000;
  expect(await read()).toBe(2);
});

test('a database that does not answer is not asked twice at a time', async () => {
  const { state, read } = figures(1_000);
  const answers: Promise<number>[] = [];
  for (state.now = 0; state.now < 60_000; state.now += 100) answers.push(read());
  expect(state.asked).toBe(1);
  state.proceed.open();
  await Promise.all(answers);
  expect([state.asked, state.most]).toEqual([2, 1]);
});

test('where nothing is kept, no one is told what was so before they asked', async () => {
  const { state, read } = figures(0);
  const first = read();
  const later = [read(), read()];
  state.proceed.open();
  expect([await first, ...(await Promise.all(later))]).toEqual([1, 2, 2]);
  expect(state.most).toBe(1);
});

test('a failure is kept as well, and followed by another try', async () => {
  const { state, read } = figures(1_000);
  state.fails = true;
  state.proceed.open();
  await expect(read()).rejects.toThrow('No database');
  await expect(read()).rejects.toThrow('No database');
  expect(state.asked).toBe(1);
  state.now = 1_000;
  state.fails = false;
  expect(await read()).toBe(2);
});
