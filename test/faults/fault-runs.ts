// `npm run test:faults`: random faults on the whole real stack while both sides talk; says what was lost, doubled, out of order or altered.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startStack } from '../../stack/stack.ts';
import { castOf, type Cast } from './suite/cast.ts';
import type { Finding } from './suite/judge.ts';
import { buildLandscape, type Landscape } from './suite/landscape.ts';
import { underLoad, type LoadOutcome } from './suite/load.ts';
import { killEachSecond, restartInTurn, type ReplicasOutcome } from './suite/replicas.ts';
import { KEPT_FOR_MINUTES } from './suite/rows.ts';
import { playRun } from './suite/run.ts';
import type { Spread } from './suite/spread.ts';

const natural = z.coerce.number().int().positive();
const options = z.object({
  /** Random faults; replicas that are restarted in turn; replicas of which one is killed each second; load for long. */
  scenario: z.enum(['runs', 'restarts', 'kills', 'load']).default('runs'),
  runs: natural.default(20),
  seed: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(() => Math.floor(Math.random() * 1_000_000)),
  replicas: natural.optional(),
  conversations: natural.optional(),
  steps: natural.default(12),
  faults: z.coerce.number().int().nonnegative().default(3),
  restarts: natural.default(30),
  seconds: natural.default(60),
  minutes: natural.default(60),
  only: z.string().optional(),
  otherCheckout: z.string().optional(),
  keep: z.boolean().default(false),
});
const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{
      scenario: string,
      runs: string,
      seed: string,
      replicas: string,
      conversations: string,
      steps: string,
    },
    ...{
      faults: string,
      restarts: string,
      seconds: string,
      minutes: string,
      only: string,
      'other-checkout': string,
    },
    keep: { type: 'boolean' },
  },
});
const { seed, keep, ...given } = options.parse({ ...values, otherCheckout: values['other-checkout'] });
const { otherCheckout, scenario } = given;
const isOfReplicas = scenario === 'restarts' || scenario === 'kills';
const how = {
  ...given,
  conversations: given.conversations ?? (isOfReplicas ? 4 : 2),
  replicas: given.replicas ?? (isOfReplicas ? 3 : 2),
};
/** Settings of the bridge in a scenario. As long as it drains by default the balancer needs to see that a replica stops. */
const SETTINGS: Readonly<Record<typeof scenario, Readonly<Record<string, string>>>> = {
  ...{ runs: {}, kills: {}, load: KEPT_FOR_MINUTES },
  restarts: { BRIDGE_SHUTDOWN_DRAIN_SECONDS: '5' },
};

const stack = await startStack({
  services: ['synapse', 'hapi'],
  ...{ fsync: false, databaseUrl: '', keep, progress: say },
});
say(`data and logs are in ${stack.folder.path}`);
try {
  const { synapse, hapi, appservice, postgres } = stack;
  const ground = { adminUrl: postgres.adminUrl, logFolder: stack.folder.logs, synapse, hapi, appservice };
  const services = { synapse: synapse.service, hapi: hapi.service, postgres: postgres.service };
  const landscape = await buildLandscape({ ...ground, services }, how.replicas, SETTINGS[scenario]);
  const cast = await castOf(landscape, synapse, `f${seed}-`);
  const isGood = await play(landscape, cast);
  process.exitCode = isGood ? 0 : 1;
  await landscape.end();
} finally {
  await stack.stop();
}

async function play(landscape: Landscape, cast: Cast): Promise<boolean> {
  const of = { ...how, otherCheckout, seed };
  switch (scenario) {
    case 'runs':
      return manyRuns(landscape, cast);
    case 'restarts':
      return tellReplicas(await restartInTurn(landscape, cast, of));
    case 'kills':
      return tellReplicas(await killEachSecond(landscape, cast, of));
    case 'load':
      return tellLoad(await underLoad(landscape, cast, of));
  }
}

async function manyRuns(landscape: Landscape, cast: Cast): Promise<boolean> {
  const failed: number[] = [];
  let said = 0;
  for (let run = 0; run < how.runs; run += 1) {
    const { faults, messages, seconds, findings } = await playRun(landscape, cast, seed + run, how);
    say(`seed ${seed + run}: ${messages} messages, ${seconds} s, ${faults.join('; ')}`);
    tell(findings);
    said += messages;
    if (findings.length > 0) failed.push(seed + run);
  }
  say(`${how.runs} runs, ${said} messages, ${failed.length} runs with findings`);
  for (const again of failed) say(`again: npm run test:faults -- --runs 1 --seed ${again}`);
  return failed.length === 0;
}

function tellReplicas(outcome: ReplicasOutcome): boolean {
  const { messages, ended, failedTransactions, delaysMs, standstillsMs, findings } = outcome;
  const { machineBusy, answersMs } = outcome;
  say(`${messages} messages, ${ended} replicas ended, ${failedTransactions} transactions that no one took`);
  say(`from message to record: ${inWords(delaysMs)}`);
  say(`from the death of a replica until another goes on: ${inWords(standstillsMs)}`);
  say(`the processors were busy for ${Math.round(machineBusy * 100)} % of the time`);
  say(
    `for an answer of Synapse the bridge waited ${inWords(answersMs.synapse)}; of HAPI ${inWords(answersMs.hapi)}`,
  );
  tell(findings);
  return findings.length === 0;
}

function inWords({ count, p50, p99, most }: Spread): string {
  return `${count} times, p50 ${p50} ms, p99 ${p99} ms, at most ${most} ms`;
}

function tellLoad({ messages, memory, rows, findings }: LoadOutcome): boolean {
  say(`${messages} messages in ${how.minutes} minutes`);
  for (const { replica, kind, last, slope } of memory) {
    const growth = `${slope.perHour.toFixed(1)} ± ${slope.error.toFixed(1)} MB per hour`;
    say(`replica ${replica}, ${kind} memory: ${last.toFixed(0)} MB, ${growth}`);
  }
  for (const table of Object.keys(rows[0] ?? {}))
    say(`rows of ${table}: ${rows.map((count) => count[table] ?? 0).join(', ')}`);
  tell(findings);
  return findings.length === 0;
}

function tell(findings: readonly Finding[]): void {
  for (const { what, about } of findings) say(`  ${what}: ${about}`);
}

function say(line: string): void {
  process.stdout.write(`[faults] ${line}\n`);
}
