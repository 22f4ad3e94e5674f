// What a resync costs when all is in sync, and what a new team costs: on the real servers, and for many teams on a
// homeserver in memory. BENCH_TEAMS=20 makes the second smaller, to try it.
import { startStack } from '../../stack/stack.ts';
import type { BenchResult, Figure } from '../result.ts';
import { countStub, countSynapse } from './homeservers.ts';
import { isOfTeam, LEAST_CALLS, LEAST_CALLS_IN_ALL, sum } from './least.ts';
import type { Calls, Measured } from './scenario.ts';
import { runScenario } from './scenario.ts';

const TEAMS_ON_SYNAPSE = 30;
const TEAMS_ON_STUB = Number(process.env['BENCH_TEAMS'] ?? 1_000);

/** Measures both. */
export async function bench(say: (line: string) => void): Promise<BenchResult> {
  const real = await onSynapse(labelled(say, 'Synapse'));
  const stub = await onStub(labelled(say, 'stub'));
  tellNewTeams(say, real.creation);
  return {
    figures: {
      ...figuresOf('synapse', TEAMS_ON_SYNAPSE, real),
      ...figuresOf('stub', TEAMS_ON_STUB, stub),
      new_team_calls_least: { value: LEAST_CALLS_IN_ALL, unit: 'calls' },
    },
    ratios: {
      new_team_least_to_ours: LEAST_CALLS_IN_ALL / (callsOfTeams(real.creation) / TEAMS_ON_SYNAPSE),
    },
    problems: [
      ...real.problems.map((problem) => `Synapse: ${problem}`),
      ...stub.problems.map((problem) => `stub: ${problem}`),
    ],
  };
}

async function onSynapse(say: (line: string) => void): Promise<Measured> {
  const stack = await startStack({ services: ['synapse', 'hapi'], progress: say });
  try {
    const homeserver = await countSynapse(stack);
    const measured = await runScenario(stack, homeserver, TEAMS_ON_SYNAPSE, say);
    await homeserver.stop();
    return measured;
  } finally {
    await stack.stop();
  }
}

async function onStub(say: (line: string) => void): Promise<Measured> {
  const stack = await startStack({ services: ['hapi'], progress: say });
  try {
    const homeserver = await countStub(stack);
    const measured = await runScenario(stack, homeserver, TEAMS_ON_STUB, say);
    await homeserver.stop();
    return measured;
  } finally {
    await stack.stop();
  }
}

function figuresOf(
  where: string,
  teams: number,
  { creation, resync }: Measured,
): Readonly<Record<string, Figure>> {
  const { matrix, fhir } = resync;
  const perTeam = (value: number, unit: string): Figure => ({ value: value / teams, unit: `${unit}/team` });
  return {
    [`${where}_teams`]: { value: teams, unit: 'teams' },
    [`${where}_resync_writes`]: { value: matrix.writes + fhir.writes, unit: 'requests' },
    [`${where}_resync_matrix_requests`]: perTeam(matrix.reads + matrix.writes, 'requests'),
    [`${where}_resync_fhir_requests`]: perTeam(fhir.reads + fhir.writes, 'requests'),
    [`${where}_resync_time`]: perTeam(resync.seconds * 1000, 'ms'),
    [`${where}_new_team_calls`]: perTeam(callsOfTeams(creation), 'calls'),
    [`${where}_new_team_time`]: perTeam(creation.seconds * 1000, 'ms'),
  };
}

/** Prints the calls of a new team by operation, the least beside them. */
function tellNewTeams(say: (line: string) => void, creation: Calls): void {
  const made = operationsOf(creation);
  say('');
  say(`${'calls per new team'.padEnd(60)} ${'made'.padStart(7)} ${'least'.padStart(7)}`);
  for (const operation of new Set([...Object.keys(LEAST_CALLS), ...made.keys()])) {
    const calls = (made.get(operation) ?? 0) / TEAMS_ON_SYNAPSE;
    const least = LEAST_CALLS[operation] ?? 0;
    say(`${operation.padEnd(60)} ${calls.toFixed(2).padStart(7)} ${least.toFixed(0).padStart(7)}`);
  }
}

function callsOfTeams(creation: Calls): number {
  return sum([...operationsOf(creation).values()]);
}

function operationsOf({ matrix, fhir }: Calls): ReadonlyMap<string, number> {
  const all = [...Object.entries(matrix.byOperation), ...Object.entries(fhir.byOperation)];
  return new Map(all.filter(([operation]) => isOfTeam(operation)));
}

function labelled(say: (line: string) => void, label: string): (line: string) => void {
  return (line) => {
    say(`[${label}] ${line}`);
  };
}
