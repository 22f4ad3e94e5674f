// Making a room exactly once: every state in which a dead attempt can leave it is recognised and mended.
import { describe, expect, test } from 'vitest';
import type { RoomAlias, RoomId } from '../../src/domain/ids.ts';
import { ROOM_MARKER_KEY } from '../../src/domain/matrix.ts';
import { MatrixRefusal } from '../../src/matrix/client.ts';
import { ensureRoom } from '../../src/matrix/ensure-room.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { BOT, roomId } from '../builders/matrix.ts';

interface Room {
  readonly creator: string;
  readonly marker: unknown;
  readonly hasLevels: boolean;
  /** Whether someone besides the bot is in it. */
  readonly isUsed?: boolean;
  /** Whether the homeserver fails at each further event. */
  readonly isBroken?: boolean;
  /** How the room answers the bot: as a member, as one who may join, as one who may not, as a room without events, as one that the homeserver cannot add events to. */
  readonly bot: 'in' | 'may-join' | 'may-not-join' | 'no-events' | 'fails';
}

const refuse = (status: number, errcode: string): Promise<never> =>
  Promise.reject(new MatrixRefusal('test', status, errcode, undefined));

/** A homeserver with one alias, which may lead to a room; time passes only where the bridge sleeps. */
function createWorld(first?: Room, { appearsAfterMs = 0, generation: counted = 0 } = {}) {
  let behindAlias: { id: RoomId; room: Room } | undefined =
    first === undefined ? undefined : { id: roomId('!old'), room: first };
  let joined = first?.bot === 'in';
  let generation = counted;
  const calls: string[] = [];
  const clock = { ms: 0 };
  const homeserver: Partial<Homeserver> = {
    createRoom: (_as, body) => {
      calls.push('create');
      if (behindAlias !== undefined) return refuse(400, 'M_ROOM_IN_USE');
      const marker = (body['creation_content'] as Record<string, unknown>)[ROOM_MARKER_KEY];
      behindAlias = {
        id: roomId(`!new-${calls.length}`),
        room: { creator: BOT, marker, hasLevels: true, bot: 'in' },
      };
      return Promise.resolve(behindAlias.id);
    },
    resolveAlias: () => {
      calls.push('resolve');
      return Promise.resolve(clock.ms < appearsAfterMs ? undefined : behindAlias?.id);
    },
    roomState: () => {
      const room = behindAlias?.room;
      if (room === undefined || !(joined || room.bot === 'in')) return refuse(403, 'M_FORBIDDEN');
      const create = {
        type: 'm.room.create',
        state_key: '',
        sender: room.creator,
        content: { [ROOM_MARKER_KEY]: room.marker },
      };
      return Promise.resolve([
        create,
        ...(room.hasLevels ? [{ ...create, type: 'm.room.power_levels', content: {} }] : []),
        ...(room.isUsed === true
          ? [{ ...create, type: 'm.room.member', state_key: '@noor:h', content: {} }]
          : []),
      ]);
    },
    join: () => {
      calls.push('join');
      if (behindAlias?.room.bot === 'no-events') return refuse(404, 'M_NOT_FOUND');
      if (behindAlias?.room.bot === 'may-not-join') return refuse(403, 'M_FORBIDDEN');
      if (behindAlias?.room.bot === 'fails') return refuse(500, 'M_UNKNOWN');
      joined = true;
      return Promise.resolve();
    },
    putState: () => {
      calls.push('put state');
      return behindAlias?.room.isBroken === true ? refuse(500, 'M_UNKNOWN') : Promise.resolve();
    },
    deleteAlias: () => {
      calls.push('delete alias');
      behindAlias = undefined;
      return Promise.resolve();
    },
    leave: () => (calls.push('leave'), Promise.resolve()),
  };
  const run = (signal = new AbortController().signal): Promise<RoomId> =>
    ensureRoom(
      {
        homeserver: homeserver as Homeserver,
        bot: BOT,
        clock: { now: () => new Date(clock.ms), monotonicMs: () => clock.ms },
        sleep: (ms) => {
          calls.push('sleep');
          clock.ms += ms;
          return Promise.resolve();
        },
      },
      {
        alias: '#careteam/1:h' as RoomAlias,
        generation: () => Promise.resolve(generation),
        marker: (number) => `marker-${number}`,
        body: (marker) => ({ creation_content: { [ROOM_MARKER_KEY]: marker } }),
        drop: async (discard) => {
          calls.push('drop');
          generation += 1;
          await discard();
        },
      },
      signal,
    );
  return { run, calls, clock };
}

const whole: Room = { creator: BOT, marker: 'marker-0', hasLevels: true, bot: 'in' };
/** The calls that change something. */
const changes = (calls: readonly string[]): readonly string[] =>
  calls.filter((call) => !['resolve', 'join', 'put state', 'sleep'].includes(call));

test('a missing room is created', async () => {
  const { run, calls } = createWorld();
  expect([await run(), changes(calls)]).toEqual(['!new-1', ['create']]);
});

test('a room is found again if the answer to its creation was lost', async () => {
  const { run, calls } = createWorld(whole);
  expect([await run(), changes(calls)]).toEqual(['!old', ['create']]);
});

test.each([
  ['an older generation', 'marker-0', 3],
  ['a later generation than the database knows, which may have been restored', 'marker-3', 0],
])('a room of %s is adopted', async (_, marker, generation) => {
  const { run, calls } = createWorld({ ...whole, marker }, { generation });
  expect([await run(), changes(calls)]).toEqual(['!old', ['create']]);
});

test('a room that another request is creating is waited for, not created again', async () => {
  const { run, calls } = createWorld(whole, { appearsAfterMs: 3000 });
  expect(await run()).toBe('!old');
  expect(calls.filter((call) => call === 'create')).toHaveLength(4);
  expect(calls.filter((call) => call === 'sleep')).toHaveLength(3);
});

test('a room whose homeserver fails when its creator joins is given up after a minute, and made again', async () => {
  const { run, calls, clock } = createWorld({ ...whole, bot: 'fails' });
  expect(await run()).toMatch(/^!new/);
  expect(changes(calls)).toEqual(['create', 'drop', 'delete alias', 'create']);
  expect(clock.ms).toBeGreaterThan(60_000);
});

test('a room that takes no events is given up after a minute and made again, if nobody is in it', async () => {
  const { run, calls, clock } = createWorld({ ...whole, isBroken: true });
  expect(await run()).toMatch(/^!new/);
  expect(changes(calls)).toEqual(['create', 'drop', 'delete alias', 'create']);
  expect(clock.ms).toBeGreaterThan(60_000);
});

test('a room that takes no events is kept if somebody is in it', async () => {
  const { run, calls } = createWorld({ ...whole, isBroken: true, isUsed: true });
  expect([await run(), calls.includes('put state')]).toEqual(['!old', false]);
});

describe('an attempt that died half-way is dropped, and the room is created again under the next marker', () => {
  test.each<[string, Partial<Room>, number]>([
    ['without power levels', { hasLevels: false }, 60_000],
    ['its creator has not joined', { hasLevels: false, bot: 'may-join' }, 60_000],
    ['without any event', { hasLevels: false, bot: 'no-events' }, 10_000],
  ])('%s', async (_, over, patienceMs) => {
    const { run, calls, clock } = createWorld({ ...whole, ...over });
    expect(await run()).toMatch(/^!new/);
    expect(changes(calls)).toEqual(['create', 'drop', 'delete alias', 'leave', 'create']);
    expect(clock.ms).toBeGreaterThan(patienceMs);
    expect(clock.ms).toBeLessThan(patienceMs + 5000);
  });
});

describe('a room of another user or bridge is not touched', () => {
  test.each<[string, Partial<Room>]>([
    ['made by another user', { creator: '@someone:h' }],
    ['with the marker of another bridge or key', { marker: 'marker-other' }],
    ['without a marker', { marker: undefined }],
    ['that the bot may not join', { bot: 'may-not-join' }],
  ])('%s', async (_, over) => {
    const { run, calls } = createWorld({ ...whole, ...over });
    await expect(run()).rejects.toMatchObject({ code: 'room-foreign' });
    await expect(run()).rejects.toThrow('Remove the alias from it, then retry');
    expect(calls).not.toContain('delete alias');
    expect(calls).not.toContain('leave');
  });
});
