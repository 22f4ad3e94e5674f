// One run: care teams on a FHIR server, which the bridge brings to a homeserver; then a resync, when all is in sync.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { z } from 'zod';
import { startBridge } from '../../stack/bridge.ts';
import type { Stack } from '../../stack/stack.ts';
import type { RequestCounts } from '../../stack/stub-homeserver/request-counts.ts';
import { waitUntil } from '../../stack/wait.ts';
import { aliasesOfTeam, writeCareTeams } from './care-teams.ts';
import { fhirOperation, startCountingProxy } from './counting-proxy.ts';
import type { CountedHomeserver } from './homeservers.ts';

/** What was asked of both servers. */
export interface Calls {
  readonly matrix: RequestCounts;
  readonly fhir: RequestCounts;
}

/** What a run found. */
export interface Measured {
  readonly creation: Calls & { readonly seconds: number };
  /** The time is from the first request to the end of the process. */
  readonly resync: Calls & { readonly seconds: number };
  readonly problems: readonly string[];
}

const PATIENCE_MS = 30 * 60_000;
const statsSchema = z.looseObject({
  waitingItems: z.number(),
  parkedItems: z.number(),
  arrivals: z.number(),
});

/** Runs it; the stack's bridge is stopped in the end. */
export async function runScenario(
  stack: Pick<Stack, 'guard' | 'folder' | 'hapi' | 'appservice' | 'bridgeDatabase'>,
  homeserver: CountedHomeserver,
  teams: number,
  say: (line: string) => void,
): Promise<Measured> {
  const { guard, folder, hapi, appservice, bridgeDatabase } = stack;
  const { serverName } = homeserver;
  const proxy = await startCountingProxy(hapi.url, fhirOperation);
  const callsNow = (): Calls => ({ matrix: homeserver.requests(), fhir: proxy.requests() });

  const staff = await Promise.all(
    Array.from({ length: teams }, async (_, index) => ({
      id: `team-${index + 1}`,
      nurse: await homeserver.addPerson(`nurse-${index + 1}`),
    })),
  );
  await timed(say, `${teams} care teams written`, () =>
    writeCareTeams(
      hapi.url,
      staff.map(({ id, nurse: { userId } }) => ({ id, userId })),
    ),
  );

  const bridge = await startBridge({
    ...{ guard, appservice, logFolder: folder.logs, databaseUrl: bridgeDatabase.url },
    synapse: { url: homeserver.url, serverName },
    hapi: { url: new URL('/fhir', proxy.url).href },
    env: { BRIDGE_FHIR_READ_FROM: 'beginning', BRIDGE_LOG_LEVEL: 'warn' },
  });
  const creating = await timed(say, 'spaces and rooms made', () =>
    awaitRooms(bridgeDatabase.url, teams * aliasesOfTeam('').length),
  );
  await awaitIdle(bridge.url);
  const creation = { ...callsNow(), seconds: creating };

  await timed(say, 'nurses joined', async () => {
    for (const { id, nurse } of staff) {
      for (const alias of aliasesOfTeam(id)) await nurse.join(`#${alias}:${serverName}`);
    }
    await awaitIdle(bridge.url);
  });
  const { parkedItems } = await readStats(bridge.url);
  await bridge.service.stop();

  homeserver.reset();
  proxy.reset();
  const log = join(folder.logs, 'resync.log');
  const command = await guard.run({
    command: process.execPath,
    args: [fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url)), 'resync'],
    env: bridge.environment,
    log,
  });
  const exit = await command.exited;
  const calls = callsNow();
  const first = Math.min(...[calls.matrix, calls.fhir].map(({ firstAt }) => firstAt ?? performance.now()));
  const resync = { ...calls, seconds: (performance.now() - first) / 1000 };
  await proxy.stop();
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const wanted = `${teams * aliasesOfTeam('').length} compared, 0 changed, 0 failed.`;
  return {
    creation,
    resync,
    problems: [
      ...(parkedItems > 0 ? [`${parkedItems} items became dead letters`] : []),
      ...(exit === 'code 0' ? [] : [`the resync ended with ${exit}`]),
      ...(lines.at(-1) === wanted ? [] : [`the resync ended with: ${lines.slice(-3).join(' | ')}`]),
      ...[calls.matrix, calls.fhir].flatMap(({ writes }) =>
        writes > 0 ? [`the resync wrote ${writes} times`] : [],
      ),
    ],
  };
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

/** Waits until the bridge has had nothing to do for as long as its readers take to come round. */
async function awaitIdle(bridgeUrl: string): Promise<void> {
  let quiet = 0;
  const look = async (): Promise<boolean> => {
    const { waitingItems, arrivals } = await readStats(bridgeUrl);
    quiet = waitingItems + arrivals === 0 ? quiet + 1 : 0;
    return quiet > 10;
  };
  await waitUntil(look, { what: 'the bridge is idle', timeoutMs: PATIENCE_MS, everyMs: 500 });
}

async function readStats(bridgeUrl: string): Promise<z.output<typeof statsSchema>> {
  return statsSchema.parse(await (await fetch(`${bridgeUrl}/api/v1/queue/stats`)).json());
}

async function timed(say: (line: string) => void, what: string, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  say(`${what} in ${seconds.toFixed(1)} s`);
  return seconds;
}
