// The bridges of the end-to-end tests: one that files share one after another, and those that a file starts for itself.
import { inject } from 'vitest';
import type { BridgeOptions, RunningBridge } from '../../stack/bridge.ts';
import { startBridge } from '../../stack/bridge.ts';
import type { Database } from '../../stack/databases.ts';
import { createScratchDatabase, emptyDatabase, runStatements } from '../../stack/databases.ts';
import { startGuard } from '../../stack/guard.ts';
import { waitUntil } from '../../stack/wait.ts';
import { createTraceFolder, readWaitingLanes, saveAnswers, saveErrors } from './traces.ts';

/** Settings of a bridge, by the names of the environment. */
export type Settings = Readonly<Record<string, string>>;

/** A bridge on the stack of the run. Only one runs at a time on each homeserver, which knows one port. */
export interface TestBridge {
  readonly bridge: RunningBridge;
  readonly database: Pick<Database, 'url'>;
  /** Ends the bridge. Its log and other traces stay for the privacy sweep. */
  readonly end: () => Promise<void>;
}

/**
 * Of all bridges of the tests: transactions on the stack's FHIR server take no two minutes, and what lies in the overlap
 * is read again at every notice.
 */
export const SETTINGS: Settings = {
  BRIDGE_FHIR_OVERLAP_SECONDS: '15',
  BRIDGE_FHIR_DELETES_POLL_INTERVAL_SECONDS: '1',
  BRIDGE_FHIR_WRITE_BACK_DELAY_SECONDS: '0',
};

/** How long a bridge may still work on what a file left behind before the next file starts another, in milliseconds. */
const LEFTOVERS_MS = 15_000;

let shared: TestBridge | undefined;
/** The bridge that answers at a port, whoever started it. */
const running = new Map<number, TestBridge>();

/** Starts a bridge with an empty database of its own. The shared one ends. */
export async function startOwnBridge(name: string, settings: Settings): Promise<TestBridge> {
  await endSharedBridge();
  return startBridgeBetween(inject('stack'), name, settings);
}

/** Between which servers a bridge is. */
export type Sides = Pick<BridgeOptions, 'synapse' | 'hapi' | 'appservice'>;

/** Starts a bridge between these servers, with an empty database of its own. */
export async function startBridgeBetween(
  sides: Sides,
  name: string,
  settings: Settings,
): Promise<TestBridge> {
  const database = await createScratchDatabase(inject('adminUrl'));
  const { bridge, database: used, end } = await start(sides, name, database.url, settings);
  return {
    ...{ bridge, database: used },
    async end() {
      await end();
      await database.drop();
    },
  };
}

/**
 * The bridge with the default settings, which goes on running when a file ends, for the next one. It is started where
 * there is none, and where the last file left it with work that does not end.
 */
export async function shareBridge(): Promise<TestBridge> {
  if (shared !== undefined && !(await isFree(shared))) await endSharedBridge();
  if (shared === undefined) {
    const { bridgeDatabaseUrl } = inject('stack');
    await emptyDatabase(bridgeDatabaseUrl);
    shared = await start(inject('stack'), 'shared', bridgeDatabaseUrl, {});
  }
  return { ...shared, end: () => Promise.resolve() };
}

/** Waits until the bridge has nothing left to do. */
export async function awaitIdle(
  { opsUrl }: Pick<RunningBridge, 'opsUrl'>,
  timeoutMs = 60_000,
): Promise<void> {
  const look = async (): Promise<boolean> => {
    const answer = await fetch(`${opsUrl}/api/v1/queue/stats`);
    const { waitingItems, writeBacks } = (await answer.json()) as {
      waitingItems: number;
      writeBacks: number;
    };
    return waitingItems + writeBacks === 0;
  };
  try {
    await waitUntil(look, { what: 'the bridge has nothing left to do', timeoutMs, everyMs: 25 });
  } catch (error) {
    const answering = [...running.values()].find(({ bridge }) => bridge.opsUrl === opsUrl);
    const left = answering && (await readWaitingLanes(answering.database.url));
    throw new Error(`What is left to do: ${JSON.stringify(left)}`, { cause: error });
  }
}

/** Waits until the bridge has read all that is on both servers by now, and has nothing left to do. */
export async function awaitAllRead({
  bridge,
  database,
}: Pick<TestBridge, 'bridge' | 'database'>): Promise<void> {
  const asked = Date.now();
  // Its own events that were pushed out of order wake no reader, and would wait for its interval.
  const wakeReaders = ['bridge_fhir', 'bridge_matrix'].map((channel) => `select pg_notify('${channel}', '')`);
  await runStatements(database.url, wakeReaders);
  const stats = async () => {
    const answer = await fetch(`${bridge.opsUrl}/api/v1/queue/stats`);
    return (await answer.json()) as { readers: Readonly<Record<string, string>>; arrivals: number };
  };
  const look = async (): Promise<boolean> => {
    const { readers, arrivals } = await stats();
    const ofFhir = Object.entries(readers).filter(([reader]) => reader.startsWith('fhir:'));
    return arrivals === 0 && ofFhir.every(([, advancedAt]) => Date.parse(advancedAt) > asked);
  };
  try {
    await waitUntil(look, { what: 'all is read', timeoutMs: 30_000, everyMs: 25 });
  } catch (error) {
    const { readers, arrivals } = await stats();
    const read = JSON.stringify({ asked: new Date(asked), readers, arrivals });
    throw new Error(`What is left to read: ${read}`, { cause: error });
  }
  await awaitIdle(bridge);
}

async function isFree({ bridge }: TestBridge): Promise<boolean> {
  if (bridge.service.pid() === undefined) return false;
  return awaitIdle(bridge, LEFTOVERS_MS).then(
    () => true,
    () => false,
  );
}

/** Ends the shared bridge, if it runs: its port is needed. */
export async function endSharedBridge(): Promise<void> {
  const ending = shared;
  shared = undefined;
  await ending?.end();
}

async function start(
  { synapse, hapi, appservice }: Sides,
  name: string,
  databaseUrl: string,
  settings: Settings,
): Promise<TestBridge> {
  const { port } = appservice;
  await running.get(port)?.end(); // a file that failed before it could end its own
  const guard = await startGuard();
  try {
    const logFolder = await createTraceFolder(inject('stack').logFolder, name);
    const bridge = await startBridge({
      ...{ guard, logFolder, databaseUrl, synapse, hapi, appservice },
      env: { ...SETTINGS, ...settings },
    });
    const started: TestBridge = {
      ...{ bridge, database: { url: databaseUrl } },
      async end() {
        if (running.get(port) === started) running.delete(port);
        await saveAnswers(bridge.opsUrl, logFolder);
        await guard.end();
        await saveErrors(databaseUrl, logFolder);
      },
    };
    running.set(port, started);
    return started;
  } catch (error) {
    await guard.end();
    throw error;
  }
}
