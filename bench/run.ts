// Runs a benchmark: `npm run bench -- NAME [--json FILE] [--plot] [--seed NUMBER]… [--only TEXT]`. NAME is a file or folder beside
// this one that exports `bench`. `--plot` draws its charts into docs/performance.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawChart } from './charts/draw-chart.ts';
import type { BenchOptions } from './options.ts';
import type { BenchResult } from './result.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    plot: { type: 'boolean', default: false },
    seed: { type: 'string', multiple: true, default: ['1'] },
    only: { type: 'string', default: '' },
  },
});
const [name = ''] = positionals;
const file = [`./${name}.ts`, `./${name}/index.ts`].find((path) =>
  existsSync(new URL(path, import.meta.url)),
);
if (!/^[a-z-]+$/.test(name) || !file) {
  say('Usage: npm run bench -- NAME [--json FILE] [--plot] [--seed NUMBER]… [--only TEXT]');
  process.exit(2);
}

const { bench } = (await import(file)) as {
  bench: (say: (line: string) => void, options: BenchOptions) => Promise<BenchResult>;
};
const {
  figures,
  ratios,
  problems,
  charts = [],
} = await bench(say, {
  seeds: values.seed.map(Number),
  only: values.only,
});
const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
};

say('');
for (const [id, { value, unit }] of Object.entries(figures)) say(row(id, value, unit));
for (const [id, value] of Object.entries(ratios)) say(row(id, value, 'times; bigger is better'));
for (const problem of problems) say(`PROBLEM: ${problem}`);
if (values.json !== undefined) {
  await writeFile(values.json, `${JSON.stringify({ name, machine, figures, ratios }, null, 2)}\n`);
}
if (values.plot) {
  const folder = fileURLToPath(new URL('../docs/performance/', import.meta.url));
  await mkdir(folder, { recursive: true });
  for (const chart of charts) await writeFile(`${folder}${name}-${chart.name}.svg`, drawChart(chart));
}
process.exitCode = problems.length === 0 ? 0 : 1;

function row(id: string, value: number, unit: string): string {
  const digits = value >= 100 ? 0 : 2;
  return `${id.padEnd(44)} ${value.toFixed(digits).padStart(10)} ${unit}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
