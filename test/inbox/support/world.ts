// A small world for replicas to die in: producers, processes that are replaced when they die, and a server on which
// their handlers have effects, which outlives them all.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Attempt, Item, NewItem, Outcome } from '../../../src/inbox/item.ts';
import { startReplica } from '../../../src/inbox/replica.ts';
import { exponentialRetry } from '../../../src/inbox/retry-policy.ts';
import type { TestDatabase } from './database.ts';
import { createMortalProcess, type MortalProcess } from './mortal-process.ts';
import { createKeptLog } from './replica.ts';
import { clock, eventually, sleep } from './time.ts';
import { PAYLOAD_COLUMNS } from '../../../src/at-rest/payload-columns.ts';
import { rewritePayloads } from '../../../src/at-rest/rotation.ts';
import type { PayloadCodec } from '../../../src/domain/stored-payload.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { createEnqueue } from '../../../src/inbox/enqueue.ts';
import { enqueue, plainPayloads } from '../../builders/payloads.ts';

type Mishap = 'later' | 'retry' | 'throw' | 'throw after effect' | 'record throws' | 'ignored';

/** How payloads are stored: by the senders in turn, and by each process, which encrypts anew what the others stored. */
export interface Keys {
  readonly senders: readonly [PayloadCodec, ...PayloadCodec[]];
  readonly processes: readonly [PayloadCodec, ...PayloadCodec[]];
}

const noKeys: Keys = { senders: [plainPayloads], processes: [plainPayloads] };

/** What happens to an item: these mishaps, one per attempt, and then success; or never that. */
export type Plan = readonly Mishap[] | 'poison' | 'dead';

export interface Scene {
  readonly batches: readonly {
    readonly items: readonly { readonly lane: string; readonly plan: Plan }[];
    readonly rolledBackFirst: boolean;
    readonly sentTwice: boolean;
  }[];
  readonly deaths: readonly number[];
  readonly cuts: readonly number[];
  readonly slots: number;
  readonly dieAfterEffectOf?: string;
}

/** An attempt as the server saw it. */
interface Seen {
  readonly id: string;
  readonly lane: string;
  readonly position: number;
  readonly number: number;
  readonly inDoubt: boolean;
  /** Whether the item had had its effect before this attempt. */
  readonly known: boolean;
  readonly payload: unknown;
}

/** What is in the database when all is done. */
interface Left {
  readonly items: { lane: string; position: number; id: string }[];
  readonly deadLetters: string[];
  readonly recorded: string[];
  readonly busyOrOwned: number;
}

/** More than all mishaps, deaths and cuts of a scene can cost an item that is not poison. */
const budget = 16;
const processes = 3;
/** Deaths and cuts of a scene, at most. */
const mostDeaths = 8;

export type World = Awaited<ReturnType<typeof createWorld>>;

/** Starts three replicas, and others for those that die, for as long as the world stands. */
export async function createWorld(database: TestDatabase, scene: Scene, keys: Keys = noKeys) {
  await database.pool.query('create table if not exists recorded (id text primary key)');
  await database.pool.query('truncate recorded');
  const attempts: Seen[] = [];
  const effects: string[] = [];
  const plans = new Map<string, { plan: Plan; mishaps: Mishap[] }>();
  const log = createKeptLog();
  const living = new Set<MortalProcess>();
  const deaths = [...scene.deaths];
  let diesAfter = scene.dieAfterEffectOf;
  let ended = false;
  let started = 0;

  function apply(id: string): void {
    if (!effects.includes(id)) effects.push(id); // as a server does that is sent a deterministic id
  }

  function act(item: Item, process: MortalProcess): Outcome {
    const { sourceId: id } = item;
    const { plan = [], mishaps = [] } = plans.get(id) ?? {};
    const error = { code: 'MISHAP', message: id };
    if (plan === 'poison') return { kind: 'retry', error, afterMs: 0 };
    if (plan === 'dead') return { kind: 'dead', error };
    const mishap = mishaps.shift();
    if (mishap === 'later') return { kind: 'later', afterMs: 3 };
    if (mishap === 'retry') return { kind: 'retry', error };
    if (mishap === 'throw') throw new Error(id);
    apply(id);
    if (id === diesAfter) {
      diesAfter = undefined;
      process.die();
    }
    if (mishap === 'throw after effect') throw new Error(id);
    const kind = mishap === 'ignored' ? 'ignored' : 'done';
    return {
      kind,
      reason: '',
      record: async (transaction) => {
        await transaction.query('insert into recorded (id) values ($1)', [id]);
        if (mishap === 'record throws') throw new Error(id);
      },
    };
  }

  async function handle(process: MortalProcess, item: Item, attempt: Attempt): Promise<Outcome> {
    const { lane, position, sourceId: id, payload } = item;
    const { number, inDoubt } = attempt;
    attempts.push({ id, lane, position, number, inDoubt, known: effects.includes(id), payload });
    if (scene.cuts.includes(attempts.length)) await database.cutSessions();
    await nextTurn();
    return process.step(() => act(item, process));
  }

  function startProcess(): void {
    const process = createMortalProcess(database.url, deaths.shift() ?? Infinity, sleep);
    living.add(process);
    void process.death.then(() => {
      living.delete(process);
      if (!ended) startProcess();
    });
    const { pool, connectSession } = process;
    const payloads = keys.processes[started++ % keys.processes.length] ?? plainPayloads;
    void encryptAnew(process, payloads);
    const random = (): number => 0.5;
    void startReplica({
      pool,
      payloads,
      connectSession,
      handle: (item, attempt) => handle(process, item, attempt),
      retryPolicy: exponentialRetry(
        { firstDelayMs: 2, maxDelayMs: 8, maxAttempts: budget, maxAgeMs: 1e9 },
        random,
      ),
      slots: scene.slots,
      bulkSlots: 1,
      clock,
      sleep: process.sleep,
      log,
      timings: {
        heartbeatMs: 15,
        trustedForMs: 20_000,
        staleAfterMs: 30_000,
        pollMs: 15,
        sliceMs: 3,
        tryEveryMs: 15,
      },
    }).catch(process.die); // as a process does that cannot start
  }

  /** As the job does, two rows at a time. */
  async function encryptAnew({ pool, sleep }: MortalProcess, payloads: PayloadCodec): Promise<void> {
    while (payloads.keyIds.length > 0 && !ended) {
      for (const column of PAYLOAD_COLUMNS)
        await inTransaction(pool, (tx) => rewritePayloads(tx, payloads, column, 2)).catch(() => undefined);
      await sleep(5);
    }
  }

  /** As a sender does: sends in order, and again until it is told that all is stored. */
  async function produce(): Promise<void> {
    const numbers = new Map<string, number>();
    const sent: NewItem[] = [];
    for (const [index, { items, rolledBackFirst, sentTwice }] of scene.batches.entries()) {
      const enqueue = createEnqueue(keys.senders[index % keys.senders.length] ?? plainPayloads);
      const send = (...given: NewItem[]) => inTransaction(database.pool, (tx) => enqueue(tx, given));
      const batch = items.map(({ lane, plan }) => {
        const number = (numbers.get(lane) ?? 0) + 1;
        numbers.set(lane, number);
        const sourceId = `${lane}-${number}`;
        plans.set(sourceId, { plan, mishaps: typeof plan === 'string' ? [] : [...plan] });
        return { lane, source: 'world', sourceId, payload: { number }, isBulk: number % 3 !== 0 };
      });
      if (rolledBackFirst) await enqueueInVain(batch);
      await send(...batch);
      sent.push(...batch);
      if (sentTwice) await send(...sent);
      await nextTurn();
    }
  }

  async function enqueueInVain(batch: NewItem[]): Promise<void> {
    const client = await database.connect();
    await client.query('begin');
    await enqueue(client, batch);
    await client.end();
  }

  for (let count = 0; count < processes; count++) startProcess();

  return {
    attempts,
    effects,
    /** Produces everything and waits until all of it is dealt with. */
    async play() {
      await produce();
      await eventually(database.lanesAreIdle, 30_000);
    },
    async look(): Promise<Left> {
      const { rows: items } = await database.pool.query<Left['items'][number]>(
        'select key as lane, position::int, source_id as id from item join lane on lane.id = lane_id order by 1, 2',
      );
      const { rows: deadLetters } = await database.pool.query<{ id: string }>(
        'select source_id as id from dead_letter',
      );
      const { rows: recorded } = await database.pool.query<{ id: string }>('select id from recorded');
      const { rowCount } = await database.pool.query(
        'select from lane where owner is not null or head <> tail',
      );
      const ids = (rows: { id: string }[]): string[] => rows.map((row) => row.id).sort();
      return { items, deadLetters: ids(deadLetters), recorded: ids(recorded), busyOrOwned: rowCount ?? 0 };
    },
    check(left: Left): void {
      check(left, plans, attempts, effects);
    },
    end() {
      ended = true;
      for (const process of living) process.die();
    },
  };
}

function check(left: Left, plans: Map<string, { plan: Plan }>, attempts: Seen[], effects: string[]): void {
  const stored = left.items.map((item) => item.id);
  const hopeless = stored.filter((id) => typeof plans.get(id)?.plan === 'string').sort();
  const hopeful = stored.filter((id) => typeof plans.get(id)?.plan !== 'string').sort();
  expect([...stored].sort(), 'stored is what was sent, once').toEqual([...plans.keys()].sort());
  expect([...effects].sort(), 'every effect, and no other').toEqual(hopeful);
  expect(left.recorded, 'recorded once each').toEqual(hopeful);
  expect(left.deadLetters, 'dead letters are what was hopeless').toEqual(hopeless);
  expect(left.busyOrOwned, 'nobody holds a lane').toBe(0);
  for (const lane of new Set(left.items.map((item) => item.lane))) {
    const inLane = left.items.filter((item) => item.lane === lane).map((item) => item.id);
    expect(inLane, 'stored in the order sent').toEqual(inLane.map((_, index) => `${lane}-${index + 1}`));
    const positions = attempts.filter((attempt) => attempt.lane === lane).map((attempt) => attempt.position);
    expect(positions, 'no attempt goes back').toEqual([...positions].sort((one, other) => one - other));
    expect(
      effects.filter((id) => inLane.includes(id)),
      'effects in order',
    ).toEqual(inLane.filter((id) => effects.includes(id)));
  }
  for (const attempt of attempts) {
    if (attempt.known)
      expect(attempt, 'an attempt after the effect is warned').toMatchObject({ inDoubt: true });
    expect(attempt.payload, 'said what was sent').toEqual({ number: Number(attempt.id.split('-')[1]) });
    expect(attempt.number, 'within the budget, and one more per death').toBeLessThanOrEqual(
      budget + mostDeaths,
    );
  }
}
