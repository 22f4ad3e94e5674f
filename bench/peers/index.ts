// The bridge against one on matrix-appservice-bridge, the library that most bridges in TypeScript are made of: the same
// servers in memory, the same messages, the same faults.
import { startGuard } from '../../stack/guard.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { createRunFolder } from '../../stack/run-folder.ts';
import type { BenchOptions } from '../options.ts';
import type { BenchResult } from '../result.ts';
import { createOurs } from './ours.ts';
import { createPeer, findLibrary } from './peer.ts';
import { play } from './play.ts';
import { heading, resultOf, row, sumOf, type Measured } from './report.ts';
import { SCENARIOS } from './scenarios.ts';

/** Of each run. */
const EXTENT = { conversations: 3, messages: 40 };

/** Starts a PostgreSQL of its own, and plays each scenario with each bridge and each seed. */
export async function bench(
  say: (line: string) => void,
  { seeds, only }: BenchOptions,
): Promise<BenchResult> {
  const guard = await startGuard();
  try {
    const folder = await createRunFolder(guard, false);
    const base = { guard, logFolder: folder.logs };
    const library = await findLibrary();
    if (!library.isInstalled) say('installing matrix-appservice-bridge');
    const modules = await library.install(guard, folder.logs);
    const postgres = await startPostgres({ guard, folder: folder.path, logFolder: folder.logs });
    const contenders = [createOurs(postgres.adminUrl, postgres.service), createPeer(modules)];
    const measured: Measured[] = [];
    say(heading());
    for (const scenario of SCENARIOS.filter(({ name }) => name.includes(only))) {
      for (const contender of contenders) {
        const outcomes = [];
        for (const seed of seeds) outcomes.push(await play(contender, base, scenario, { seed, ...EXTENT }));
        const result = { scenario: scenario.name, contender: contender.name, sum: sumOf(outcomes) };
        say(row(result));
        measured.push(result);
      }
    }
    return resultOf(measured);
  } finally {
    await guard.end();
  }
}
