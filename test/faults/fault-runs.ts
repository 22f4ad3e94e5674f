// `npm run test:faults -- --runs N --seed S`: runs of random faults on the whole real stack; says what was lost, doubled, out of order or altered.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startStack } from '../../stack/stack.ts';
import { buildLandscape } from './suite/landscape.ts';
import { castOf, playRun, type Outcome } from './suite/run.ts';

const natural = z.coerce.number().int().positive();
const options = z.object({
  runs: natural.default(20),
  seed: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(() => Math.floor(Math.random() * 1_000_000)),
  replicas: natural.default(2),
  conversations: natural.default(2),
  steps: natural.default(12),
  faults: z.coerce.number().int().nonnegative().default(3),
  keep: z.boolean().default(false),
});
const { values } = parseArgs({
  options: {
    ...{ runs: { type: 'string' }, seed: { type: 'string' }, replicas: { type: 'string' } },
    ...{ conversations: { type: 'string' }, steps: { type: 'string' }, faults: { type: 'string' } },
    keep: { type: 'boolean' },
  },
});
const { runs, seed, replicas, keep, ...extent } = options.parse(values);

const stack = await startStack({
  services: ['synapse', 'hapi'],
  ...{ fsync: false, databaseUrl: '', keep, progress: say },
});
say(`data and logs are in ${stack.folder.path}`);
const outcomes: Outcome[] = [];
try {
  const { synapse, hapi, appservice, postgres } = stack;
  const landscape = await buildLandscape(
    {
      ...{ adminUrl: postgres.adminUrl, logFolder: stack.folder.logs, synapse, hapi, appservice },
      services: {
        ...{ synapse: synapse.service, hapi: hapi.service },
        ...(postgres.service && { postgres: postgres.service }),
      },
    },
    replicas,
  );
  const cast = await castOf(landscape, synapse, `f${seed}-`);
  for (let run = 0; run < runs; run += 1) {
    const outcome = await playRun(landscape, cast, seed + run, extent);
    outcomes.push(outcome);
    const { faults, messages, seconds, findings } = outcome;
    say(`seed ${outcome.seed}: ${messages} messages, ${seconds} s, ${faults.join('; ')}`);
    for (const { what, about } of findings) say(`  ${what}: ${about}`);
  }
  await landscape.end();
} finally {
  await stack.stop();
}
const failed = outcomes.filter(({ findings }) => findings.length > 0);
const messages = outcomes.reduce((sum, outcome) => sum + outcome.messages, 0);
say(`${outcomes.length} runs, ${messages} messages, ${failed.length} runs with findings`);
for (const { seed: again } of failed) say(`again: npm run test:faults -- --runs 1 --seed ${again}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function say(line: string): void {
  process.stdout.write(`[faults] ${line}\n`);
}
