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

interface Scenario {
  /** How many there are, unless told otherwise. */
  readonly replicas: number;
  readonly conversations: number;
  /** Of the bridge, by the names of the environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** @returns whether nothing was found */
  readonly play: (landscape: Landscape, cast: Cast) => Promise<boolean>;
}

const NAMES = ['runs', 'restarts', 'kills', 'load'] as const;
const SCENARIOS: Readonly<Record<(typeof NAMES)[number], Scenario>> = {
  /** Random faults. */
  runs: { ...{ replicas: 2, conversations: 2, settings: {} }, play: manyRuns },
  /** Replicas are restarted in turn. The balancer needs as long as a drain by default to see that one stops. */
  restarts: {
    ...{ replicas: 3, conversations: 4, settings: { BRIDGE_SHUTDOWN_DRAIN_SECONDS: '5' } },
    play: async (landscape, cast) => tellReplicas(await restartInTurn(landscape, cast, how)),
  },
  /** One of the replicas is killed each second. */
  kills: {
    ...{ replicas: 3, conversations: 4, settings: {} },
    play: async (landscape, cast) => tellReplicas(await killEachSecond(landscape, cast, how)),
  },
  /** Load for long. */
  load: {
    ...{ replicas: 2, conversations: 2, settings: KEPT_FOR_MINUTES },
    play: async (landscape, cast) => tellLoad(await underLoad(landscape, cast, how)),
  },
};

const natural = z.coerce.number().int().positive();
const options = z.object({
  scenario: z.enum(NAMES).default('runs'),
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
const given = options.parse({ ...values, otherCheckout: values['other-checkout'] });
const { settings, play, ...usual } = SCENARIOS[given.scenario];
const how = {
  ...given,
  conversations: given.conversations ?? usual.conversations,
  replicas: given.replicas ?? usual.replicas,
};

const stack = await startStack({
  services: ['synapse', 'hapi'],
  ...{ fsync: false, databaseUrl: '', keep: how.keep, progress: say },
});
say(`data and logs are in ${stack.folder.path}`);
try {
  const { synapse, hapi, appservice, postgres } = stack;
  const ground = { adminUrl: postgres.adminUrl, logFolder: stack.folder.logs, synapse, hapi, appservice };
  const services = { synapse: synapse.service, hapi: hapi.service, postgres: postgres.service };
  const landscape = await buildLandscape({ ...ground, services }, how.replicas, settings);
  const cast = await castOf(landscape, synapse, `f${how.seed}-`);
  const isGood = await play(landscape, cast);
  process.exitCode = isGood ? 0 : 1;
  await landscape.end({ keepsDatabase: how.keep });
} finally {
  await stack.stop();
}

async function manyRuns(landscape: Landscape, cast: Cast): Promise<boolean> {
  const failed: number[] = [];
  let said = 0;
  for (let run = 0; run < how.runs; run += 1) {
    const seed = how.seed + run;
    const { faults, messages, seconds, findings } = await playRun(landscape, cast, seed, how).catch(
      (error: unknown) => {
        say(
          `seed ${seed} was broken off; again: npm run test:faults -- --runs ${run + 1} --seed ${how.seed}`,
        );
        throw error;
      },
    );
    say(`seed ${seed}: ${messages} messages, ${seconds} s, ${faults.join('; ')}`);
    tell(findings);
    said += messages;
    if (findings.length > 0) failed.push(seed);
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
