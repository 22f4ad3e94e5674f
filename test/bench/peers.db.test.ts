// The benchmark against peers, in its shortest form: both bridges start on the servers in memory and carry messages.
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Contender } from '../../bench/peers/contender.ts';
import { createOurs } from '../../bench/peers/ours.ts';
import { createPeer, findLibrary } from '../../bench/peers/peer.ts';
import { play } from '../../bench/peers/play.ts';
import { SCENARIOS } from '../../bench/peers/scenarios.ts';
import { startGuard, type Guard } from '../../stack/guard.ts';
import { createRunFolder } from '../../stack/run-folder.ts';

const library = await findLibrary();
let guard: Guard;
let logFolder: string;
beforeAll(async () => {
  guard = await startGuard();
  logFolder = (await createRunFolder(guard, false)).logs;
});
afterAll(() => guard.end());

async function carry(contender: Contender): Promise<void> {
  const [calm] = SCENARIOS;
  if (calm === undefined) throw new TypeError('There is a scenario in which nothing goes wrong');
  const extent = { seed: 1, conversations: 1, messages: 2 };
  const { verdict, failedTransactions } = await play(contender, { guard, logFolder }, calm, extent);
  expect({ ...verdict, latenciesMs: verdict.latenciesMs.length, failedTransactions }).toEqual({
    ...{ sent: 4, arrived: 4, lost: 0, doubled: 0, outOfOrder: 0, altered: 0 },
    ...{ latenciesMs: 4, failedTransactions: 0 },
  });
}

test.concurrent('our bridge carries all messages while nothing goes wrong', () =>
  carry(createOurs(inject('adminUrl'))),
);

test.concurrent('so does the peer', async ({ skip }) => {
  skip(!library.isInstalled, 'not installed: `npm run bench -- peers` installs it');
  await carry(createPeer(await library.install(guard, logFolder)));
});
