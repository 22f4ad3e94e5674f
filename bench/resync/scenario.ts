// One run: care teams on a FHIR server, which the bridge brings to a homeserver; then a resync, when all is in sync.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { z } from 'zod';
import type { RunningBridge } from '../../stack/bridge.ts';
import { startBridge } from '../../stack/bridge.ts';
import type { Stack } from '../../stack/stack.ts';
import type { RequestCounts } from '../../stack/stub-homeserver/request-counts.ts';
import { waitUntil } from '../../stack/wait.ts';
import { aliasesOfTeam, writeCareTeams } from './care-teams.ts';
import type { CountingProxy } from './counting-proxy.ts';
import { fhirOperation, startCountingProxy } from './counting-proxy.ts';
import type { CountedHomeserver, Person } from './homeservers.ts';

/** What was asked of both servers. */
export interface Calls {
  readonly matrix: RequestCounts;
  readonly fhir: RequestCounts;
}

type Counters = Readonly<Record<keyof Calls, Pick<CountingProxy, 'requests' | 'reset'>>>;

/** What a run found. */
export interface Measured {
  readonly creation: Calls & { readonly seconds: number };
  /** The time is from the first request to the end of the process. */
  readonly resync: Calls & { readonly seconds: number };
  readonly problems: readonly string[];
}

const PATIENCE_MS = 60 * 60_000;
const QUIET_MS = 5 * 60_000;
const statsSchema = z.looseObject({
  waitingItems: z.number(),
  deadLetters: z.number(),
  arrivals: z.number(),
});

type RunningStack = Pick<Stack, 'guard' | 'folder' | 'hapi' | 'appservice' | 'bridgeDatabase'>;
type Say = (line: string) => void;

/** A team and its member who answers invitations. */
interface Team {
  readonly id: string;
  readonly nurse: Person;
}

/** Runs it; the stack's bridge is stopped in the end. */
export async function runScenario(
  stack: RunningStack,
  homeserver: CountedHomeserver,
  many: number,
  say: Say,
): Promise<Measured> {
  const { guard, folder, hapi, appservice, bridgeDatabase } = stack;
  const proxy = await startCountingProxy(hapi.url, fhirOperation);
  const counters = { matrix: homeserver, fhir: proxy };
  const teams = await writeTeams(hapi.url, homeserver, many, say);
  const bridge = await startBridge({
    ...{ guard, appservice, logFolder: folder.logs, databaseUrl: bridgeDatabase.url },
    synapse: { url: homeserver.url, serverName: homeserver.serverName },
    hapi: { url: new URL('/fhir', proxy.url).href },
    env: { BRIDGE_FHIR_READ_FROM: 'beginning', BRIDGE_LOG_LEVEL: 'warn' },
  });
  const rooms = many * aliasesOfTeam('').length;
  const seconds = await timed(say, 'spaces and rooms made', () => awaitRooms(bridgeDatabase.url, rooms));
  const problems = await awaitQuiet(bridge.opsUrl, 'after all rooms were made');
  const creation = { ...callsOf(counters), seconds };
  await timed(say, 'invitations accepted', () => acceptInvitations(teams, homeserver.serverName));
  problems.push(...(await awaitQuiet(bridge.opsUrl, 'after all invitations were accepted')));
  const { deadLetters } = await readStats(bridge.opsUrl);
  // Its readers' polls would be counted as the resync's.
  await bridge.service.stop();
  const resync = await measureResync(stack, bridge, counters, rooms);
  await proxy.stop();
  if (deadLetters > 0) problems.push(`${deadLetters} items became dead letters`);
  return { creation, resync, problems: [...problems, ...resync.problems] };
}

async function writeTeams(
  fhirUrl: string,
  homeserver: CountedHomeserver,
  many: number,
  say: Say,
): Promise<readonly Team[]> {
  const numbers = Array.from({ length: many }, (_, index) => index + 1);
  const teams = await Promise.all(
    numbers.map(async (number) => ({
      id: `team-${number}`,
      nurse: await homeserver.addPerson(`nurse-${number}`),
    })),
  );
  const written = teams.map(({ id, nurse: { userId } }) => ({ id, userId }));
  await timed(say, `${many} care teams written`, () => writeCareTeams(fhirUrl, written));
  return teams;
}

async function acceptInvitations(teams: readonly Team[], serverName: string): Promise<void> {
  for (const { id, nurse } of teams) {
    for (const alias of aliasesOfTeam(id)) await nurse.join(`#${alias}:${serverName}`);
  }
}

/** Runs the command `resync` on a stopped bridge, and counts from nothing. */
async function measureResync(
  { guard, folder }: RunningStack,
  bridge: RunningBridge,
  counters: Counters,
  rooms: number,
): Promise<Measured['resync'] & { readonly problems: readonly string[] }> {
  counters.matrix.reset();
  counters.fhir.reset();
  const log = join(folder.logs, 'resync.log');
  const command = await guard.run({
    command: process.execPath,
    args: [fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url)), 'resync'],
    env: bridge.environment,
    log,
  });
  const exit = await command.exited;
  const end = performance.now();
  const calls = callsOf(counters);
  const writes = calls.matrix.writes + calls.fhir.writes;
  const begin = Math.min(calls.matrix.firstAt ?? end, calls.fhir.firstAt ?? end);
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const isDone = exit === 'code 0' && lines.at(-1) === `${rooms} compared, 0 changed, 0 failed.`;
  return {
    ...calls,
    seconds: (end - begin) / 1000,
    problems: [
      ...(isDone ? [] : [`the resync ended with ${exit} and said: ${lines.slice(-3).join(' | ')}`]),
      ...(writes > 0 ? [`the resync wrote ${writes} times`] : []),
    ],
  };
}

function callsOf({ matrix, fhir }: Counters): Calls {
  return { matrix: matrix.requests(), fhir: fhir.requests() };
}

/** Waits until the bridge has made so many rooms, first messages included. */
async function awaitRooms(databaseUrl: string, many: number): Promise<void> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const look = async (): Promise<boolean> => {
      const counted = 'select count(*)::int as many from room where ready_at is not null';
      return (await db.query<{ many: number }>(counted)).rows[0]?.many === many;
    };
    await waitUntil(look, { what: `${many} rooms are made`, timeoutMs: PATIENCE_MS, everyMs: 500 });
  } finally {
    await db.end();
  }
}

/**
 * Waits until the bridge has had nothing to do for as long as its readers take to come round, but not for ever.
 * @returns what was left, as a problem
 */
async function awaitQuiet(opsUrl: string, when: string): Promise<string[]> {
  const deadline = performance.now() + QUIET_MS;
  for (let quiet = 0; quiet < 10;) {
    const { waitingItems, arrivals } = await readStats(opsUrl);
    const waiting = waitingItems + arrivals;
    quiet = waiting === 0 ? quiet + 1 : 0;
    if (performance.now() > deadline && waiting > 0)
      return [`${waiting} items were still waiting ${QUIET_MS / 1000} s ${when}`];
    await sleep(500);
  }
  return [];
}

async function readStats(opsUrl: string): Promise<z.output<typeof statsSchema>> {
  return statsSchema.parse(await (await fetch(`${opsUrl}/api/v1/queue/stats`)).json());
}

async function timed(say: Say, what: string, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  say(`${what} in ${seconds.toFixed(1)} s`);
  return seconds;
}
