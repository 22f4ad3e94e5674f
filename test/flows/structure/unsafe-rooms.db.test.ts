// Rooms that users made are looked at in each convergence: what waits for an unsafe one is sent once it is safe. On a real database.
import { beforeEach, describe, expect, test } from 'vitest';
import type { NoticeItem } from '../../../src/flows/items/notice.ts';
import { sendNotice } from '../../../src/flows/messages/notice.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { ATTEMPT, clockAt, settle } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { NOW, NURSE, ROOM, SPACE, stateEvent } from '../../builders/leading-world.ts';
import { BOT } from '../../builders/matrix.ts';
import { createSeenWorld, named } from '../../builders/seen-world.ts';
import { tables } from '../../builders/payloads.ts';

const REQUEST = ref('CommunicationRequest/2');
const database = useBridgeDatabase();

/** The nurse made the conversation; the bot has the power that makers give it, or less. */
async function createScene({ power = 100 } = {}) {
  const world = await createSeenWorld(database());
  const { matrix } = world;
  matrix.set(ROOM, 'm.room.create', '', { room_version: '11' }, NURSE);
  matrix.set(ROOM, 'm.room.power_levels', '', { users: { [NURSE]: 100, [BOT]: power } });
  await database().query(`update room set made_by = 'user' where reference = $1`, [REQUEST]);
  world.write({ participant: [named('Practitioner/7')] }, { recipient: [{ reference: 'Practitioner/7' }] });
  await world.converge(REQUEST);
  await database().query('delete from item');
  const isUnsafe = async () => (await rooms.findRoom(database(), REQUEST))?.unsafe;
  const wait = () =>
    tables.waitingItems.saveWaiting(database(), REQUEST, {
      ...{ about: 'Communication/1', lane: `to-matrix:${REQUEST}` },
      payload: { kind: 'fhir.change', reference: 'Communication/1' },
    });
  const notices = async (): Promise<readonly NoticeItem[]> =>
    (
      await database().query<{ payload: NoticeItem }>(`select payload from item where source = 'notice'`)
    ).rows.map(({ payload }) => payload);
  return { ...world, isUnsafe, wait, notices };
}

type World = Awaited<ReturnType<typeof createScene>>;
const encrypt = ({ matrix }: World): void => {
  matrix.set(ROOM, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' });
};
const publish = ({ matrix }: World): void => {
  matrix.set(ROOM, 'm.room.join_rules', '', { join_rule: 'public' });
};

describe('a conversation that a user made', () => {
  test.each<[string, (world: World) => void, string]>([
    ['is encrypted', encrypt, 'room-encrypted'],
    ['is opened to all, where the bridge may not close it,', publish, 'room-open-to-others'],
    [
      'is open to members of another room',
      ({ matrix }) => {
        const allow = [{ type: 'm.room_membership', room_id: '!anywhere' }];
        matrix.set(ROOM, 'm.room.join_rules', '', { join_rule: 'restricted', allow });
      },
      'room-open-to-others',
    ],
    [
      'is readable for the world',
      ({ matrix }) => {
        matrix.set(ROOM, 'm.room.history_visibility', '', { history_visibility: 'world_readable' });
      },
      'room-open-to-others',
    ],
    [
      'stands in the public directory',
      ({ matrix }) => {
        matrix.listed.add(ROOM);
      },
      'room-open-to-others',
    ],
  ])('which %s gets nothing more, and its maker is told', async (_, endanger, reason) => {
    const world = await createScene({ power: 25 });
    await world.wait();
    expect(await world.isUnsafe()).toBe(false);
    endanger(world);
    await world.converge(REQUEST);
    expect(await world.isUnsafe()).toBe(true);
    expect(await world.notices()).toMatchObject([{ roomId: ROOM, about: NURSE, reason }]);
    expect(await world.converged()).toEqual([reason]);
    expect(await tables.waitingItems.findWaiting(database(), ['Communication/1'])).toEqual(
      new Set(['Communication/1']),
    );
  });

  test('which becomes safe again gets what has waited', async () => {
    const world = await createScene({ power: 25 });
    publish(world);
    await world.converge(REQUEST);
    await world.wait();
    await database().query('delete from item');
    world.matrix.set(ROOM, 'm.room.join_rules', '', { join_rule: 'invite' });
    expect(await world.differences()).toContain(`${REQUEST} differs send what has waited`);
    await world.converge(REQUEST);
    expect(await world.isUnsafe()).toBe(false);
    expect(await world.converged()).toEqual(['Communication/1']);
  });

  test('which the bridge has the power to close is closed, and nothing waits', async () => {
    const world = await createScene();
    publish(world);
    world.matrix.set(ROOM, 'm.room.history_visibility', '', { history_visibility: 'world_readable' });
    world.matrix.listed.add(ROOM);
    await world.converge(REQUEST);
    expect(await world.isUnsafe()).toBe(false);
    expect(await world.content(ROOM, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    expect(await world.content(ROOM, 'm.room.history_visibility')).toEqual({ history_visibility: 'shared' });
    expect([...world.matrix.listed]).toEqual([]);
    expect(await world.notices()).toEqual([]);
    expect(await world.differences()).not.toContain(REQUEST);
  });

  test('is looked at when it is encrypted', async () => {
    const world = await createScene();
    const event = stateEvent('m.room.encryption', {}, { room_id: ROOM });
    expect(await world.handle(event)).toBe('done');
    expect(await world.converged()).toEqual([REQUEST]);
  });
});

describe('its maker', () => {
  let world: World;
  const said = async (): Promise<readonly string[]> => {
    const outcomes: string[] = [];
    for (const notice of await world.notices())
      outcomes.push(await settle(world.bridge, await sendNotice(world.bridge, notice, ATTEMPT)));
    return outcomes;
  };
  beforeEach(async () => {
    world = await createScene({ power: 25 });
    Object.assign(world.bridge, {
      sending: { ...world.bridge.sending, sendAs: () => Promise.resolve('$said') },
    });
    publish(world);
    await world.converge(REQUEST);
  });

  test('is told once while it lasts', async () => {
    expect(await said()).toEqual(['done']);
    await database().query('delete from item');
    await world.converge(REQUEST);
    expect(await world.notices()).toEqual([]);
  });

  test('is told again when it happens again', async () => {
    const [first] = await world.notices();
    expect(await said()).toEqual(['done']);
    world.matrix.set(ROOM, 'm.room.join_rules', '', { join_rule: 'invite' });
    await world.converge(REQUEST);
    await database().query('delete from item');
    Object.assign(world.bridge, { clock: clockAt(NOW + 60_000) });
    publish(world);
    await world.converge(REQUEST);
    const [again] = await world.notices();
    expect(again).toMatchObject({ reason: 'room-open-to-others' });
    expect(again?.since).not.toBe(first?.since);
    expect(await said()).toEqual(['done']);
  });
});

test('a room that the bridge made has no maker who could endanger it', async () => {
  const world = await createSeenWorld(database());
  world.write({ participant: [named('Practitioner/7')] });
  world.matrix.listed.add(SPACE);
  world.matrix.set(ROOM, 'm.room.join_rules', '', { join_rule: 'public' });
  await world.converge('CareTeam/1', REQUEST);
  expect((await rooms.findRoom(database(), REQUEST))?.unsafe).toBe(false);
  expect(await world.content(ROOM, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
});
