// Load for long, without faults: whether messages cross, the memory of the replicas stays as it is, and tables are bounded.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { talk, type Cast } from './cast.ts';
import type { Finding } from './judge.ts';
import type { Landscape } from './landscape.ts';
import { hasGrown, watchMemory, type Growth } from './memory.ts';
import { countRows, watchRows, type Rows } from './rows.ts';
import type { SentConversation } from './sent.ts';
import { settle } from './settle.ts';

/** What came of it. */
export interface LoadOutcome {
  readonly messages: number;
  readonly memory: readonly Growth[];
  /** After a third, two thirds and all of the time, and when what is old enough was removed. */
  readonly rows: readonly Rows[];
  readonly findings: readonly Finding[];
}

/** How much load. */
export interface LoadOptions {
  readonly seed: number;
  readonly minutes: number;
  /** How many conversations go on at a time. */
  readonly conversations: number;
}

/** A side says and does so much in a conversation; then it is over, and the next begins. */
const STEPS = 60;
const LONGEST_PAUSE_MS = 3_000;

/** Tables that are to be empty, or as good as, once the load is over and rows are as old as they may get. */
const PRUNED = ['item', 'matrix_arrival', 'receipt', 'resource_version'] as const;
const FEW_ROWS = 500;
const PRUNED_WITHIN_MS = 240_000;

/** Has both sides talk for so long, in conversations that begin and end. */
export async function underLoad(
  landscape: Landscape,
  cast: Cast,
  options: LoadOptions,
): Promise<LoadOutcome> {
  const { replicas, database } = landscape;
  const endsAt = performance.now() + options.minutes * 60_000;
  const processes = replicas.map(({ service }) => service.pid());
  const [said, memory, rows] = await Promise.all([
    talkUntil(cast, endsAt, options),
    watchMemory(replicas, endsAt),
    watchRows(database.url, endsAt),
  ]);
  const settled = await settle(landscape, cast, said);
  const ended = replicas.filter(({ service }, index) => service.pid() !== processes[index]);
  const afterwards = await pruned(landscape);
  return {
    messages: said.reduce((sum, { messages }) => sum + messages.length, 0),
    ...{ memory, rows: [...rows, afterwards] },
    findings: [
      ...settled,
      ...ended.map(() => unexplained('a replica ended')),
      ...(await rejectionsIn(landscape)),
      ...memory
        .filter(hasGrown)
        .map(({ kind, replica }) => unexplained(`${kind} memory of replica ${replica}`)),
      ...PRUNED.filter((table) => (afterwards[table] ?? 0) > FEW_ROWS).map((table) =>
        unexplained(`${table} is not bounded`),
      ),
    ],
  };
}

async function talkUntil(
  cast: Cast,
  endsAt: number,
  { seed, conversations }: LoadOptions,
): Promise<readonly SentConversation[]> {
  const goesOn = (steps: number): boolean => steps < STEPS && performance.now() < endsAt;
  const tracks = Array.from({ length: conversations }, async (_, track) => {
    const said: SentConversation[] = [];
    for (let count = 0; performance.now() < endsAt; count += 1) {
      const name = `${seed}l${track}x${count}`;
      said.push(await talk(cast, name, (seed * 16 + track) * 1_000 + count, goesOn, LONGEST_PAUSE_MS));
    }
    return said;
  });
  return (await Promise.all(tracks)).flat();
}

/** What prunes does so once an hour, and when a replica begins: those are restarted until little is left. */
async function pruned({ replicas, database }: Landscape): Promise<Rows> {
  const until = performance.now() + PRUNED_WITHIN_MS;
  for (;;) {
    for (const replica of replicas) await replica.restartAs(undefined);
    await sleep(20_000);
    const rows = await countRows(database.url);
    const isDone = PRUNED.every((table) => (rows[table] ?? 0) <= FEW_ROWS);
    if (isDone || performance.now() > until) return rows;
  }
}

/** A rejection that no one handles ends the process, unless something catches it and writes it into the log. */
async function rejectionsIn({ ground, replicas }: Landscape): Promise<readonly Finding[]> {
  const logs = await Promise.all(
    replicas.map((_, index) => readFile(`${ground.logFolder}/replica-${index + 1}/bridge.log`, 'utf8')),
  );
  return logs
    .filter((log) => /unhandled|uncaught/i.test(log))
    .map(() => unexplained('an unhandled rejection is in the log'));
}

function unexplained(about: string): Finding {
  return { what: 'unexplained', about };
}
