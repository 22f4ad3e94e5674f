// Conversations that are open to the space of their team, and those that are not. On a real database.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Reference } from 'fhir/r4.js';
import * as people from '../../../src/store/people.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, NURSE, ROOM, SPACE, stateEvent } from '../../builders/leading-world.ts';
import { BOT, userId } from '../../builders/matrix.ts';
import { createSeenWorld, named } from '../../builders/seen-world.ts';

const database = useBridgeDatabase();
const STRANGER = userId('@stranger:example.org');
const TEAM: Reference = { reference: 'CareTeam/1' };
const OPEN = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: SPACE }] };
const ONLY_INVITED = { join_rule: 'invite' };

type World = Awaited<ReturnType<typeof createSeenWorld>>;

/** The nurse and the doctor are the team, and the nurse is in both rooms. */
async function createScene(recipient: readonly Reference[] = [TEAM]) {
  const world = await createSeenWorld(database(), { joinThroughSpace: true });
  world.write({ participant: [named('Practitioner/7')] }, { recipient: [...recipient] });
  await world.converge('CareTeam/1', 'CommunicationRequest/2');
  for (const room of [SPACE, ROOM]) world.matrix.member(room, NURSE, 'join');
  return world;
}

const rules = ({ content }: World) => content(ROOM, 'm.room.join_rules');
const membership = async ({ content }: World, who: string) =>
  (await content(ROOM, 'm.room.member', who))?.['membership'];

describe('a conversation', () => {
  test('with the team is open to the space', async () => {
    expect(await rules(await createScene())).toEqual(OPEN);
  });

  test('with all of the people in the team, but not with the team, is open to no one: the next one may not be asked', async () => {
    expect(await rules(await createScene([{ reference: 'Practitioner/7' }]))).toEqual(ONLY_INVITED);
  });

  test.each(['invite', 'join', 'knock'])(
    'is open to no one while there is someone in the space who takes no part in it (%s), and open again afterwards',
    async (is) => {
      const world = await createScene();
      world.matrix.member(SPACE, STRANGER, is);
      await world.converge('CommunicationRequest/2');
      expect(await rules(world)).toEqual(ONLY_INVITED);
      world.matrix.member(SPACE, STRANGER, 'leave');
      await world.converge('CommunicationRequest/2');
      expect(await rules(world)).toEqual(OPEN);
    },
  );

  test('is open to no one from before the moment at which someone has to leave it who is still in the space', async () => {
    const world = await createScene();
    world.write({ participant: [named('Practitioner/8')] }, { recipient: [TEAM] });
    await world.converge('CommunicationRequest/2');
    expect([await rules(world), await membership(world, NURSE)]).toEqual([ONLY_INVITED, 'leave']);
    // The space lets them go, and asks for the conversation.
    await database().query('delete from item');
    await world.converge('CareTeam/1');
    expect(await itemsIn(database(), 'to-matrix:CommunicationRequest/2')).toHaveLength(1);
    await world.converge('CommunicationRequest/2');
    expect(await rules(world)).toEqual(OPEN);
  });

  test('is looked at once more when it was closed for someone: they may have left the space meanwhile', async () => {
    const world = await createScene();
    world.matrix.member(SPACE, STRANGER, 'join');
    await database().query('delete from item');
    await world.converge('CommunicationRequest/2', 'CommunicationRequest/2');
    expect(await itemsIn(database(), 'to-matrix:CommunicationRequest/2')).toHaveLength(1);
  });

  test('is open to no one when the operator wants invitations', async () => {
    const world = await createScene();
    const { bridge } = world;
    Object.assign(bridge, { settings: { ...bridge.settings, joinThroughSpace: false } });
    await world.converge('CommunicationRequest/2');
    expect(await rules(world)).toEqual(ONLY_INVITED);
  });
});

test('who is put into a team has one invitation to accept: that to the space', async () => {
  const world = await createScene();
  world.write({ participant: [named('Practitioner/7'), named('Practitioner/8')] }, { recipient: [TEAM] });
  await world.converge('CareTeam/1', 'CommunicationRequest/2');
  expect((await world.content(SPACE, 'm.room.member', DOCTOR))?.['membership']).toBe('invite');
  expect(await membership(world, DOCTOR)).toBeUndefined();
  expect(await rules(world)).toEqual(OPEN);
  expect(await world.differences()).toEqual([]);
});

describe('who joined by the rule of the room', () => {
  const join = { membership: 'join', join_authorised_via_users_server: BOT };
  beforeEach(async () => {
    await people.savePeople(database(), [
      { reference: ref('Practitioner/8'), userId: DOCTOR, kind: 'user', source: 'telecom' },
    ]);
  });

  test('is written nowhere: no one let them in', async () => {
    const world = await createScene();
    world.matrix.set(ROOM, 'm.room.member', DOCTOR, join, DOCTOR);
    const event = { event_id: '$join', room_id: ROOM, state_key: DOCTOR, sender: DOCTOR };
    expect(await world.handle(stateEvent('m.room.member', join, event))).toBe('done');
    expect(world.fhir.writes).toEqual([]);
  });

  test('is removed where FHIR does not name them', async () => {
    const world = await createScene();
    world.matrix.set(ROOM, 'm.room.member', DOCTOR, join, DOCTOR);
    await world.converge('CommunicationRequest/2');
    expect(await membership(world, DOCTOR)).toBe('leave');
  });

  test('stays where FHIR does', async () => {
    const world = await createScene();
    world.write({ participant: [named('Practitioner/7'), named('Practitioner/8')] }, { recipient: [TEAM] });
    world.matrix.set(ROOM, 'm.room.member', DOCTOR, join, DOCTOR);
    await world.converge('CommunicationRequest/2');
    expect(await membership(world, DOCTOR)).toBe('join');
  });
});

test.each([
  ['a stranger is invited', STRANGER, 'invite', ['CareTeam/1', 'CommunicationRequest/2']],
  ['a stranger leaves', STRANGER, 'leave', ['CareTeam/1', 'CommunicationRequest/2']],
  ['a member joins', NURSE, 'join', ['CareTeam/1']],
  ['a member leaves', NURSE, 'leave', ['CareTeam/1', 'CommunicationRequest/2']],
])('when %s in the space, what it opens is looked at: %s, %s', async (_, who, is, expected) => {
  const world = await createScene();
  await database().query('delete from item');
  const event = { event_id: '$member', state_key: who, sender: who };
  await world.handle(stateEvent('m.room.member', { membership: is }, event));
  expect(await world.converged()).toEqual(expected);
});

test('who is named besides the team, and is not in the space, is invited at any time', async () => {
  const world = await createScene();
  world.write(
    { participant: [named('Practitioner/7')] },
    { recipient: [TEAM, { reference: 'Practitioner/8' }] },
  );
  await world.converge('CommunicationRequest/2');
  expect(await rules(world)).toEqual(OPEN);
  expect(await membership(world, DOCTOR)).toBe('invite');
});
