// Periods that begin or end by the clock alone: rooms are brought up to date at that moment. On a real database.
import type { Period } from 'fhir/r4.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FhirReference, RoomAlias } from '../../../src/domain/ids.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { converge } from '../../../src/flows/structure/converge.ts';
import { convergeDue } from '../../../src/flows/structure/converge-due.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import type { RoomChange } from '../../../src/mapping/room-changes.ts';
import { repeatJob } from '../../../src/inbox/job.ts';
import { schedule } from '../../../src/jobs/scheduler.ts';
import { readAdvances } from '../../../src/store/cursors.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { made } from '../../builders/actual-room.ts';
import { clockAt, createBridge, unreachableHomeserver } from '../../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { room } from '../../builders/desired-room.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT, roomId } from '../../builders/matrix.ts';
import type { Resources } from '../../builders/people.ts';
import { bridgeOver, ghost, SETTINGS, to } from '../../builders/people.ts';
import { roomModel } from '../../builders/room-model.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const TEAM = ref('CareTeam/244');
const NOON = '2025-09-26T12:00:00.000Z';
const FIVE = '2025-09-26T17:00:00.000Z';
const SIX = '2025-09-26T18:00:00.000Z';

/** The bridge at a moment. */
const bridgeAt = (iso: string, over: Partial<Bridge> = {}): Bridge =>
  createBridge(pool(), { clock: clockAt(iso), ...over });
const lookAt = (iso: string, over?: Partial<Bridge>) => convergeDue(bridgeAt(iso, over));

/** A room that is to be brought up to date then. */
async function saveRoom(reference: FhirReference, at: string | undefined): Promise<void> {
  await rooms.reserveRoom(pool(), reference, `#${reference}:example.org` as RoomAlias);
  await rooms.saveConvergeAt(pool(), reference, at === undefined ? undefined : new Date(at));
}

const askedFor = (reference: FhirReference) => itemsIn(pool(), `to-matrix:${reference}`);
const momentOf = async (reference: FhirReference): Promise<string | undefined> => {
  const { rows } = await pool().query<{ converge_at: Date | null }>(
    'select converge_at from room where reference = $1',
    [reference],
  );
  return rows[0]?.converge_at?.toISOString();
};

describe('rooms whose moment has come', () => {
  const LATER = ref('CareTeam/2');
  const NEVER = ref('CareTeam/3');

  test('are asked for once, and not before', async () => {
    await saveRoom(TEAM, FIVE);
    await saveRoom(LATER, SIX);
    await saveRoom(NEVER, undefined);
    expect(await lookAt(NOON)).toEqual({ asked: 0, next: new Date(FIVE) });
    expect(await askedFor(TEAM)).toEqual([]);
    expect(await lookAt(FIVE)).toEqual({ asked: 1, next: new Date(SIX) });
    expect(await lookAt(FIVE)).toEqual({ asked: 0, next: new Date(SIX) });
    expect(await askedFor(TEAM)).toEqual([`period ${FIVE} at ${FIVE} CareTeam/244`]);
    expect([await askedFor(LATER), await askedFor(NEVER)]).toEqual([[], []]);
    expect(await lookAt('2030-01-01T00:00:00.000Z')).toEqual({ asked: 1, next: undefined });
  });

  test('keep their moment when whoever asks for them dies before the commit', async () => {
    await saveRoom(TEAM, FIVE);
    const dying: Bridge['transact'] = (work) =>
      inTransaction(pool(), async (tx) => {
        await work(tx);
        const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
        await pool().query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        return tx.query('select') as never;
      });
    await expect(lookAt(FIVE, { transact: dying })).rejects.toThrow();
    expect([await momentOf(TEAM), await askedFor(TEAM)]).toEqual([FIVE, []]);
    expect(await lookAt(FIVE)).toMatchObject({ asked: 1 });
    expect(await askedFor(TEAM)).toHaveLength(1);
  });

  test('are asked for once by two that look at one time', async () => {
    await saveRoom(TEAM, FIVE);
    const found = await Promise.all([lookAt(FIVE), lookAt(SIX)]);
    expect(found.map(({ asked }) => asked).sort()).toEqual([0, 1]);
    expect(await askedFor(TEAM)).toHaveLength(1);
  });

  test('are asked for again when a clock that is behind finds the same moment ahead', async () => {
    await saveRoom(TEAM, FIVE);
    await lookAt(FIVE);
    await saveRoom(TEAM, FIVE);
    await lookAt('2025-09-26T17:00:01.000Z');
    expect(await askedFor(TEAM)).toHaveLength(2);
  });

  test('are found again by who looks without the lock: only ever to come sooner', async () => {
    const advance = async (iso: string): Promise<string | undefined> => {
      await rooms.advanceConvergeAt(pool(), TEAM, new Date(iso));
      return momentOf(TEAM);
    };
    await saveRoom(TEAM, undefined);
    expect([await advance(SIX), await advance(FIVE), await advance(SIX)]).toEqual([SIX, FIVE, FIVE]);
  });

  test('that are many come in turns, the longest overdue first', async () => {
    await pool().query(
      `insert into room (reference, alias, converge_at)
       select 'CareTeam/' || n, '', $1::timestamptz - n * interval '1 minute' from generate_series(1, 201) as n`,
      [FIVE],
    );
    expect(await lookAt(FIVE)).toEqual({ asked: 200, next: new Date('2025-09-26T16:59:00.000Z') });
    expect(await lookAt(FIVE)).toEqual({ asked: 1, next: undefined });
  });

  test('may be so far away that it never comes', async () => {
    await saveRoom(TEAM, new Date(Date.UTC(10_000, 0)).toISOString());
    expect((await lookAt(NOON)).next?.getTime()).toBe(Date.UTC(10_000, 0));
  });
});

describe('a space', () => {
  const DOCTOR = ghost('Practitioner/1');
  const NURSE = ghost('Practitioner/2');

  /** A made space of a team with these participations, and a bridge that brings it up to date at a moment. */
  async function spaceOf(...periods: readonly (Period | undefined)[]) {
    const resources: Resources = {
      [TEAM]: {
        participant: periods.map((period, index) => ({ member: to(`Practitioner/${index + 1}`), period })),
      },
    };
    const model = roomModel(made(room({ kind: 'space' })), BOT);
    const idle = () => Promise.resolve();
    const apply = (change: RoomChange) => {
      model.apply(change);
      return Promise.resolve();
    };
    const { bridge } = bridgeOver(resources);
    await rooms.reserveRoom(pool(), TEAM, '#careteam/244:example.org' as RoomAlias);
    await rooms.saveRoomId(pool(), TEAM, roomId('!space'));
    const homeserver: Homeserver = {
      ...unreachableHomeserver,
      ...{ registerGhost: idle, setDisplayName: idle },
      roomState: () => Promise.resolve(model.state().map((event) => ({ ...event }))),
      putState: (as, _room, event) => apply({ kind: 'put-state', as, event }),
      invite: (_bot, _room, userId) => apply({ kind: 'invite', userId }),
      join: (userId) => apply({ kind: 'join', userId }),
      leave: (userId) => apply({ kind: 'leave', userId }),
    };
    return async (iso: string): Promise<readonly (string | undefined)[]> => {
      const whole = bridgeAt(iso, {
        homeserver,
        settings: { ...SETTINGS, bot: BOT },
        fhir: bridge.fhir,
      });
      const outcome = await converge(whole, TEAM, { cause: 'test' }, never);
      expect(outcome.kind).toBe('done');
      return [DOCTOR, NURSE].map(model.membershipOf);
    };
  }

  test('knows when next a participation begins or ends, and for as long as there is one', async () => {
    const convergeAt = await spaceOf({ end: FIVE }, { start: SIX });
    expect(await convergeAt(NOON)).toEqual(['join', undefined]);
    expect(await momentOf(TEAM)).toBe(FIVE);
    expect(await convergeAt(FIVE)).toEqual(['leave', undefined]);
    expect(await momentOf(TEAM)).toBe(SIX);
    expect(await convergeAt(SIX)).toEqual(['leave', 'join']);
    expect(await momentOf(TEAM)).toBeUndefined();
  });

  test('without such periods knows no moment', async () => {
    const convergeAt = await spaceOf(undefined, { start: '2020' });
    expect(await convergeAt(NOON)).toEqual(['join', 'join']);
    expect(await momentOf(TEAM)).toBeUndefined();
  });
});

describe('the clock of periods', () => {
  const stopping = new AbortController();
  afterEach(() => {
    stopping.abort();
  });

  test('sleeps until the next moment, for half a minute at most, and is woken when there is another', async () => {
    let now = NOON;
    const slept: { ms: number; wake: () => void }[] = [];
    const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        slept.push({ ms, wake: resolve });
        signal?.addEventListener('abort', () => {
          resolve();
        });
      });
    const bridge = bridgeAt(NOON, { clock: { now: () => new Date(now), monotonicMs: () => 0 } });
    const { log, metrics } = bridge;
    const scheduler = repeatJob(schedule(bridge), { sleep, log, metrics, notePass: () => Promise.resolve() });
    // Of each pass, the first sleep is the gap, the second the one until the next.
    const nextSleep = async (pass: number): Promise<number | undefined> => {
      await vi.waitUntil(() => slept.length >= pass * 2);
      for (const each of slept.slice(pass * 2 - 2, pass * 2 - 1)) each.wake();
      return slept[pass * 2 - 1]?.ms;
    };
    await saveRoom(TEAM, FIVE);
    const running = scheduler.run(stopping.signal);
    expect(await nextSleep(1)).toBe(30_000);
    now = '2025-09-26T16:59:57.500Z';
    scheduler.wake();
    expect(await nextSleep(2)).toBe(2500);
    now = FIVE;
    slept[3]?.wake();
    expect(await nextSleep(3)).toBe(30_000);
    expect(await askedFor(TEAM)).toHaveLength(1);
    expect(await readAdvances(pool())).toHaveProperty('periods');
    stopping.abort();
    await running;
  });

  test('is woken when another moment is stored, and only then', async () => {
    const listener = await pool().connect();
    const heard: string[] = [];
    listener.on('notification', ({ channel }) => void heard.push(channel));
    await listener.query(`listen ${rooms.CONVERGE_AT_CHANNEL}`);
    const wakeUps = async (): Promise<number> => {
      await listener.query('select');
      return heard.splice(0).length;
    };
    await saveRoom(TEAM, undefined);
    expect(await wakeUps()).toBe(0);
    await saveRoom(TEAM, FIVE);
    expect(await wakeUps()).toBe(1);
    await saveRoom(TEAM, FIVE);
    expect(await wakeUps()).toBe(0);
    await saveRoom(TEAM, undefined);
    expect(await wakeUps()).toBe(0);
    listener.release(true);
  });
});
