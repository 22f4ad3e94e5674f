// What an event costs as conversations become many, and what replicas carry, between servers in memory: none of it is theirs.
// BENCH_ROOMS=1,100 BENCH_MESSAGES=50 BENCH_REPLICAS=1,2 BENCH_STORED=1000 BENCH_BACKLOG=200 makes it short, to try it.
import { startGuard } from '../../stack/guard.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { createRunFolder } from '../../stack/run-folder.ts';
import type { BenchResult } from '../result.ts';
import { readExtent } from './extent.ts';
import { buildLandscape } from './landscape.ts';
import { play } from './play.ts';

/** Starts a PostgreSQL of its own, the servers in memory, and plays. */
export async function bench(say: (line: string) => void): Promise<BenchResult> {
  const extent = readExtent();
  const guard = await startGuard();
  try {
    const folder = await createRunFolder(guard, false);
    const postgres = await startPostgres({ guard, folder: folder.path, logFolder: folder.logs });
    const landscape = await buildLandscape({ guard, logFolder: folder.logs }, postgres, extent.talking);
    try {
      return await play(landscape, extent, say);
    } finally {
      await landscape.end();
    }
  } finally {
    await guard.end();
  }
}
