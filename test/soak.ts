// The slow form of the long tests (`npm run test:soak`): longer and again and again, the random ones each time from another seed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/** The tests by name: what Vitest is to run, and how long each is by default, as a multiple of its short form. */
const TESTS = {
  inbox: { files: ['test/inbox/crashes.db.test.ts'], project: 'postgres', length: 8 },
  messages: { files: ['test/flows/messages/shuffled.db.test.ts'], project: 'postgres', length: 20 },
  'room-creation': { files: ['test/faults/room-creation.test.ts'], project: 'faults', length: 10 },
  'random-edits': { files: ['test/faults/random-edits.test.ts'], project: 'faults', length: 6 },
  'read-state': { files: ['test/e2e/read-state.test.ts'], project: 'e2e', length: 5 },
} as const;
type TestName = keyof typeof TESTS;

const NAMES = Object.keys(TESTS) as TestName[];

const natural = z.coerce.number().int().positive();
const options = z.object({
  only: z.enum(NAMES).optional(),
  seed: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(() => Math.floor(Math.random() * 2 ** 31)),
  runs: natural.default(3),
  length: natural.optional(),
});

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    runs: { type: 'string' },
    length: { type: 'string' },
  },
});
const { only, seed, runs, length } = options.parse(values);
const names = only === undefined ? NAMES : [only];

const failed: string[] = [];
for (let run = 0; run < runs; run += 1) {
  for (const name of names) {
    const command = `npm run test:soak -- --only ${name} --runs 1 --seed ${seed + run} --length ${lengthOf(name)}`;
    say(`run ${run + 1} of ${runs}: ${command}`);
    if (!(await passes(name, seed + run))) failed.push(command);
  }
}
for (const command of failed) say(`failed, and is run again by: ${command}`);
if (failed.length === 0) say('all passed');
process.exitCode = failed.length === 0 ? 0 : 1;

function lengthOf(name: TestName): number {
  return length ?? TESTS[name].length;
}

async function passes(name: TestName, of: number): Promise<boolean> {
  const { project, files } = TESTS[name];
  const vitest = spawn('npx', ['vitest', 'run', '--project', project, ...files], {
    stdio: 'inherit',
    env: { ...process.env, RANDOM_SEED: String(of), RANDOM_LENGTH: String(lengthOf(name)) },
  });
  await once(vitest, 'exit');
  return vitest.exitCode === 0;
}

function say(line: string): void {
  process.stdout.write(`[soak] ${line}\n`);
}
