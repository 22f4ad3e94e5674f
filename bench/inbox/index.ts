// The ordered log against pg-boss, the one library that keeps order per key: side by side, in turns, median of three.
import { startGuard } from '../../stack/guard.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { createRunFolder } from '../../stack/run-folder.ts';
import { median, type BenchResult } from '../result.ts';
import { latency, recovery, throughput, type Measure } from './measures.ts';

const rounds = 3;
const measures = { throughput, latency, recovery } satisfies Record<string, Measure>;
const units: Record<string, string> = {
  items_per_second: 'items/s',
  latency_p50: 'ms',
  latency_p99: 'ms',
  recovery: 's',
};

/** Starts a PostgreSQL of its own and measures on it. */
export async function bench(say: (line: string) => void): Promise<BenchResult> {
  const guard = await startGuard();
  try {
    const folder = await createRunFolder(guard, false);
    const postgres = await startPostgres({ guard, folder: folder.path, logFolder: folder.logs });
    const values = new Map<string, number[]>();
    const problems: string[] = [];
    for (const [name, measure] of Object.entries(measures)) {
      for (let round = 1; round <= rounds; round++) {
        for (const contender of ['ours', 'pgBoss'] as const) {
          const database = await postgres.createDatabase(`${name}_${round}_${contender.toLowerCase()}`);
          const measured = await measure(contender, database.url, (round - 0.5) / rounds);
          await database.drop();
          problems.push(...measured.problems.map((problem) => `${contender}, ${name}: ${problem}`));
          for (const [id, value] of Object.entries(measured.figures)) {
            say(`${contender.padEnd(7)} ${id.padEnd(20)} ${value.toFixed(2)} ${units[id] ?? ''}`);
            const key = `${id}_${contender === 'ours' ? 'ours' : 'pgboss'}`;
            values.set(key, [...(values.get(key) ?? []), value]);
          }
        }
      }
    }
    return summarise(values, problems);
  } finally {
    await guard.end();
  }
}

function summarise(values: ReadonlyMap<string, number[]>, problems: readonly string[]): BenchResult {
  const middle = (key: string): number => median(values.get(key) ?? []);
  const figures = Object.fromEntries(
    [...values.keys()].map((key) => {
      const unit = units[key.replace(/_(ours|pgboss)$/, '')] ?? '';
      return [key, { value: middle(key), unit }];
    }),
  );
  return {
    figures,
    ratios: {
      items_per_second_vs_pgboss: middle('items_per_second_ours') / middle('items_per_second_pgboss'),
      latency_p50_vs_pgboss: middle('latency_p50_pgboss') / middle('latency_p50_ours'),
      recovery_vs_pgboss: middle('recovery_pgboss') / middle('recovery_ours'),
    },
    problems,
  };
}
