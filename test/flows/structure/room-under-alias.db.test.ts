// A room of others stands under a resource's alias: it is taken over where its maker may, else a spare alias is used.
import { expect, test } from 'vitest';
import type { RoomAlias, RoomId } from '../../../src/domain/ids.ts';
import { makeRoom } from '../../../src/flows/structure/make-room.ts';
import type { RoomSpec } from '../../../src/flows/structure/room-spec.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { member, room } from '../../builders/desired-room.ts';
import { ref } from '../../builders/fhir.ts';
import { createWorld, DOCTOR, NURSE } from '../../builders/leading-world.ts';
import { BOT, roomId } from '../../builders/matrix.ts';

const REQUEST = ref('CommunicationRequest/245');
const ALIAS = '#communicationrequest/245:example.org' as RoomAlias;
const SPARE = '#communicationrequest/245/care:example.org';
const THEIRS = roomId('!theirs');
const OURS = roomId('!ours');
const never = new AbortController().signal;
const database = useBridgeDatabase();

/** The nurse has made the room under the alias; a room under any other alias can be made. */
function createScene(over: Parameters<typeof createWorld>[1] = {}) {
  const world = createWorld(database(), over);
  const { bridge, matrix } = world;
  matrix.make(THEIRS);
  matrix.set(THEIRS, 'm.room.power_levels', '', { users: { [NURSE]: 100, [BOT]: 100 } });
  matrix.aliases.set(ALIAS, THEIRS);
  const made: { alias: string; name: unknown }[] = [];
  const ensureRoom: typeof bridge.ensureRoom = ({ alias, body }) => {
    if (matrix.aliases.has(alias)) return Promise.reject(new BridgeError('room-foreign', 'of others'));
    made.push({ alias, name: body('marker')['room_alias_name'] });
    return Promise.resolve(OURS);
  };
  Object.assign(bridge, { ensureRoom });
  const make = (): Promise<RoomId> => {
    const desired = room({ members: [member(NURSE)] });
    return makeRoom(bridge, { spec: { reference: REQUEST } as RoomSpec, desired }, never);
  };
  return { ...world, made, make, row: () => rooms.findRoom(database(), REQUEST) };
}

test('a room that a member made becomes the conversation’s', async () => {
  const { make, row, made, converged } = createScene();
  expect(await make()).toBe(THEIRS);
  expect(await row()).toMatchObject({ roomId: THEIRS, alias: ALIAS, madeBy: 'user' });
  expect((await row())?.firstMessageEventId).toBeUndefined();
  expect(made).toEqual([]);
  expect(await converged()).toEqual([]);
});

test('it is so as well when it is tried again after a crash', async () => {
  const { make, row } = createScene();
  await make();
  await database().query('update room set room_id = null');
  expect(await make()).toBe(THEIRS);
  expect(await row()).toMatchObject({ roomId: THEIRS });
});

test('a room of the bridge before has its first message, and needs no power yet', async () => {
  const { matrix, make, row, converged } = createScene({ adoptRoomsOf: new Set([DOCTOR]) });
  matrix.set(THEIRS, 'm.room.create', '', { room_version: '11' }, DOCTOR);
  matrix.set(THEIRS, 'm.room.power_levels', '', { users: { [DOCTOR]: 100 } });
  Object.assign(matrix.find(THEIRS, 'm.room.create'), { event_id: '$making' });
  expect(await make()).toBe(THEIRS);
  expect(await row()).toMatchObject({ firstMessageEventId: '$making' });
  expect(await converged()).toEqual([]);
});

test.each<[string, (world: ReturnType<typeof createScene>) => void, boolean]>([
  [
    'a stranger’s',
    ({ matrix }) => {
      matrix.set(THEIRS, 'm.room.create', '', { room_version: '11' }, DOCTOR);
    },
    true,
  ],
  [
    'one in which the bridge has no power',
    ({ matrix }) => {
      matrix.set(THEIRS, 'm.room.power_levels', '', { users: { [NURSE]: 100 } });
    },
    true,
  ],
  [
    'one in the public directory',
    ({ matrix }) => {
      matrix.listed.add(THEIRS);
    },
    true,
  ],
  [
    'that of another key of the bridge',
    ({ matrix }) => {
      matrix.set(THEIRS, 'm.room.create', '', { room_version: '11' }, BOT);
    },
    false,
  ],
])('beside %s the conversation has a room of its own, under the spare alias', async (_, change, hasLeft) => {
  const world = createScene();
  change(world);
  expect(await world.make()).toBe(OURS);
  expect(world.made).toEqual([{ alias: SPARE, name: 'communicationrequest/245/care' }]);
  expect(await world.row()).toMatchObject({ roomId: OURS, alias: SPARE, madeBy: 'bridge' });
  expect(world.matrix.calls.some((call) => Array.isArray(call) && call[0] === 'leave')).toBe(hasLeft);
  expect(world.log.lines.map(({ message }) => message).join()).toContain('another alias');
});

test('so it has beside a room that lets the bridge not in, and beside that of another resource', async () => {
  const closed = createScene();
  closed.matrix.make(THEIRS, {}, { open: false });
  expect(await closed.make()).toBe(OURS);
  await database().query('delete from room');
  await database().query(
    `insert into room (reference, alias, room_id, ready_at) values ('CommunicationRequest/9', '#communicationrequest/9:example.org', '!theirs', now())`,
  );
  const taken = createScene();
  expect(await taken.make()).toBe(OURS);
  expect(taken.matrix.calls).toEqual([]);
});

test('while a half-made room is dropped, which asks the homeserver, no connection is kept from others', async () => {
  const { bridge } = createScene();
  const keys: string[] = [];
  const idle: number[] = [];
  Object.assign(bridge, {
    roomLock: (key: string, _signal: AbortSignal, work: () => Promise<unknown>) => {
      keys.push(key);
      return work();
    },
    ensureRoom: async (order: Parameters<typeof bridge.ensureRoom>[0]) => {
      await order.drop(() => {
        idle.push(database().totalCount - database().idleCount);
        return Promise.resolve();
      });
      expect(await order.generation()).toBe(1);
      return OURS;
    },
  } satisfies Partial<Record<keyof typeof bridge, unknown>>);
  await makeRoom(bridge, { spec: { reference: REQUEST } as RoomSpec, desired: room({}) }, never);
  expect([keys, idle]).toEqual([[`drop ${REQUEST}`], [0]]);
});
