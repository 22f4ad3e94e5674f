// Plays one scenario with one bridge: both sides talk while things go wrong, then all is mended, and what came out is judged.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from '../../stack/guard.ts';
import { seeded } from '../../test/builders/random.ts';
import type { Contender } from './contender.ts';
import { judge, type Verdict } from '../judge.ts';
import { buildLandscape, type Landscape } from './landscape.ts';
import { familyTimeMs, watchProcessorTime } from '../processor-time.ts';
import type { Scenario } from './scenarios.ts';
import { talk } from './traffic.ts';

/** How a bridge did in a scenario. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly failedTransactions: number;
  /** Milliseconds of the processor, of the bridge's own processes and of its database. */
  readonly processorMs: { readonly own: number; readonly database: number };
}

/** How much is said. */
export interface Extent {
  readonly conversations: number;
  readonly messages: number;
}

/** How long nothing may come out, after all is mended, until what is missing counts as lost. */
const PATIENCE_MS = 30_000;
/** How long to look for what comes once more. */
const ONCE_MORE_MS = 3_000;

/** Plays it. */
export async function play(
  contender: Contender,
  base: { readonly guard: Guard; readonly logFolder: string },
  scenario: Scenario,
  { seed, conversations, messages }: Extent & { readonly seed: number },
): Promise<Outcome> {
  const landscape = await buildLandscape(contender, base, { replicas: scenario.replicas, conversations });
  try {
    const { replicas, helper } = landscape.running;
    const random = seeded(seed);
    const failedBefore = landscape.homeserver.pushCounts().failed;
    const databaseBefore = await familyTimeMs(helper?.pid());
    const processor = await watchProcessorTime(() => replicas.map(({ service }) => service.pid()));
    let isOver = false;
    scenario.disturb(landscape, random);
    const happening = scenario.happen(landscape, random).finally(() => {
      isOver = true;
    });
    const { editedBeforeNext } = scenario;
    await Promise.all([
      talk(landscape, { seed, messages, editedBeforeNext, goesOn: () => !isOver }),
      happening,
    ]);
    mend(landscape);
    const verdict = await settle(landscape);
    return {
      verdict,
      failedTransactions: landscape.homeserver.pushCounts().failed - failedBefore,
      processorMs: {
        own: await processor.stop(),
        database: (await familyTimeMs(helper?.pid())) - databaseBefore,
      },
    };
  } finally {
    await landscape.end();
  }
}

function mend({ links, transactions }: Landscape): void {
  for (const link of [...links, transactions]) link.disturb(undefined);
  transactions.trick([], Math.random);
}

async function settle({ recorder, homeserver }: Landscape): Promise<Verdict> {
  const mended = performance.now();
  for (;;) {
    const verdict = judge(recorder.said, recorder.arrivals);
    const isComplete = verdict.lost === 0 && verdict.altered === 0;
    const lastMs = Math.max(mended, recorder.arrivals.at(-1)?.atMs ?? 0);
    const isPushing = homeserver.pushCounts().waiting > 0;
    const quietMs = performance.now() - lastMs;
    if (!isPushing && quietMs > (isComplete ? ONCE_MORE_MS : PATIENCE_MS)) return verdict;
    await sleep(200);
  }
}
