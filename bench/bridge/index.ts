// What the bridge costs on the real servers, beside a script that only makes the same sends and writes: throughput of a backlog,
// time of the processors, latency, and rest. BENCH_ROUNDS=1 BENCH_MESSAGES=40 BENCH_SECONDS=10 makes it short, to try it.
import type { BenchResult } from '../result.ts';
import { chartsOf } from './charts.ts';
import { readExtent } from './extent.ts';
import { prepareGround } from './ground.ts';
import { figuresOf, ratiosOf } from './report.ts';
import { playRound, type Round } from './round.ts';
import { problemsOf, summarise } from './summary.ts';
import { warmUp } from './warm-up.ts';

/** Starts servers and bridge, and plays the rounds. */
export async function bench(say: (line: string) => void): Promise<BenchResult> {
  const extent = readExtent();
  const ground = await prepareGround(extent.rooms, say);
  try {
    say('warming up');
    const bare = await warmUp(ground);
    const rounds: Round[] = [];
    for (let number = 1; number <= extent.rounds; number += 1) {
      say(`round ${number} of ${extent.rounds}`);
      rounds.push(await playRound(ground, bare, extent, say));
    }
    const summary = summarise(rounds, extent);
    return {
      figures: figuresOf(summary),
      ratios: ratiosOf(summary),
      problems: problemsOf(rounds),
      charts: chartsOf(summary),
    };
  } finally {
    await ground.end();
  }
}
