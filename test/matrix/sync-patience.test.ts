// How long /sync may take: an answer that was lost on the way is soon asked for again, a slow homeserver gets its time.
import { expect, test } from 'vitest';
import { createSync } from '../../src/matrix/sync.ts';
import { userId } from '../builders/matrix.ts';

test('where a position is known, a lost answer is soon given up; each further try may take longer', async () => {
  const timeouts: (number | undefined)[] = [];
  let isLost = false;
  const sync = createSync({
    get: (_operation, _path, schema, { timeoutMs }) => {
      timeouts.push(timeoutMs);
      return isLost
        ? Promise.reject(new Error('no answer in time'))
        : Promise.resolve(schema.parse({ next_batch: 's2' }));
    },
  });
  const ask = (since?: string) =>
    sync.sync(userId('@bot:h'), { since, receipts: false }).catch(() => undefined);

  await ask();
  await ask('s1');
  isLost = true;
  for (let tries = 0; tries < 4; tries += 1) await ask('s1');
  isLost = false;
  await ask('s1');
  await ask('s1');
  expect(timeouts).toEqual([60_000, 15_000, 15_000, 30_000, 60_000, 60_000, 60_000, 15_000]);
});
