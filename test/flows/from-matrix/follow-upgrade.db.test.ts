// Rooms that are upgraded: the bridge follows into the room that takes the old one's place, and only into that.
import { beforeEach, describe, expect, test } from 'vitest';
import { TEAM_ROLE_SYSTEM } from '../../../src/domain/fhir.ts';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import {
  createWorld,
  DOCTOR,
  NURSE,
  ROOM,
  rowByRoom,
  SPACE,
  stateEvent,
  writeRooms,
} from '../../builders/leading-world.ts';
import { BOT, roomId } from '../../builders/matrix.ts';

const NEXT = roomId('!next');
const ALIAS = '#communicationrequest/2:example.org';
const REQUEST = ref('CommunicationRequest/2');
const AGAIN = { number: 2 };
const database = useBridgeDatabase();

beforeEach(async () => {
  await writeRooms(database());
  await people.savePeople(database(), [
    { reference: ref('Practitioner/7'), userId: NURSE, kind: 'user', source: 'telecom' },
  ]);
  await roomMembers.saveBase(database(), REQUEST, new Map([[NURSE, ref('Practitioner/7')]]));
});

const tombstone = (over: Partial<Record<keyof MatrixEvent, unknown>> = {}): MatrixEvent =>
  stateEvent(
    'm.room.tombstone',
    { replacement_room: NEXT },
    { event_id: '$tombstone', room_id: ROOM, ...over },
  );
const inNext = (type: string, over: Partial<Record<keyof MatrixEvent, unknown>> = {}): MatrixEvent =>
  stateEvent(type, {}, { event_id: `$next-${type}`, room_id: NEXT, ...over });

function createScene({
  open = true,
  creation = { predecessor: { room_id: ROOM } },
}: { open?: boolean; creation?: Record<string, unknown> } = {}) {
  const world = createWorld(database());
  world.matrix.make(SPACE, { type: 'm.space' });
  world.matrix.make(ROOM);
  world.matrix.make(NEXT, creation, { open });
  world.matrix.aliases.set(ALIAS, ROOM);
  const lead = {
    member: { reference: 'Practitioner/7' },
    role: [{ coding: [{ system: TEAM_ROLE_SYSTEM, code: 'primary' }] }],
  };
  const member = { member: { reference: 'Practitioner/8' } };
  world.fhir.put({ resourceType: 'CareTeam', id: '1', status: 'active', participant: [lead, member] });
  world.fhir.put({
    ...{ resourceType: 'CommunicationRequest', id: '2', status: 'active' },
    recipient: [{ reference: 'CareTeam/1' }],
  });
  for (const [id, account] of [
    ['7', NURSE],
    ['8', DOCTOR],
  ] as const)
    world.fhir.put({
      resourceType: 'Practitioner',
      id,
      telecom: [{ system: 'url', value: `matrix:u/${account.slice(1)}` }],
    });
  return world;
}

describe('a conversation that is upgraded', () => {
  test('goes on in the new room: its alias moves, everybody is invited anew, and both it and its space converge', async () => {
    const { matrix, handle, converged } = createScene();
    expect(await handle(tombstone())).toBe('done');
    expect(matrix.calls).toEqual([['join', NEXT, ['example.org']]]);
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: NEXT, ready: true });
    expect([...(await roomMembers.readMembers(database(), REQUEST)).base]).toEqual([]);
    expect(matrix.aliases.get(ALIAS)).toBe(NEXT);
    expect(await converged()).toEqual(['CareTeam/1', 'CommunicationRequest/2']);
    // A late event of the old room still belongs to the conversation.
    expect(await rowByRoom(database(), ROOM)).toMatchObject({ reference: REQUEST, roomId: NEXT });
  });

  test('is left in the old room by people who go on to the new one: they take part as before', async () => {
    const { matrix, fhir, handle } = createScene();
    const leaving = stateEvent('m.room.member', { membership: 'leave' }, { room_id: ROOM, state_key: NURSE });
    await handle(tombstone());
    matrix.member(ROOM, NURSE, 'leave');
    expect(await handle(leaving)).toBe('former-room');
    expect(fhir.writes).toEqual([]);
  });

  test('is followed when the bot is let in at last; until then nobody has left who leaves', async () => {
    const { matrix, fhir, handle } = createScene({ open: false });
    expect(await handle(tombstone())).toBe('replacement-not-open');
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: ROOM });
    matrix.member(ROOM, NURSE, 'leave');
    const leaving = stateEvent('m.room.member', { membership: 'leave' }, { room_id: ROOM, state_key: NURSE });
    expect(await handle(leaving)).toBe('former-room');
    matrix.open(NEXT);
    const invitation = inNext('m.room.member', { state_key: BOT, content: { membership: 'invite' } });
    expect(await handle(invitation)).toBe('done');
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: NEXT });
    expect(fhir.writes).toEqual([]);
  });

  test('is followed by the first event of the new room, so that nothing said in it is missed', async () => {
    const { handle } = createScene();
    await database().query(
      `insert into former_room values ('!conversation', 'CommunicationRequest/2', '!next')`,
    );
    expect(await handle(inNext('m.room.create'))).toBe('done');
    expect(await rowByRoom(database(), NEXT)).toMatchObject({ reference: REQUEST });
    expect(await handle(tombstone())).toBe('former-room');
  });

  test('is not followed by what the homeserver tells of the new room before the bot is let in', async () => {
    const { matrix, handle } = createScene({ open: false });
    await handle(tombstone());
    expect(await handle(inNext('m.room.join_rules'))).toBe('replacement-not-open');
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: ROOM });
    matrix.open(NEXT);
    expect(await handle(inNext('m.room.topic'))).toBe('done');
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: NEXT });
  });

  test('can be upgraded again', async () => {
    const { matrix, handle } = createScene();
    await handle(tombstone());
    matrix.make(roomId('!third'), { predecessor: { room_id: NEXT } });
    const second = tombstone({ event_id: '$2', room_id: NEXT, content: { replacement_room: '!third' } });
    expect(await handle(second)).toBe('done');
    for (const id of [ROOM, NEXT, '!third'])
      expect(await rowByRoom(database(), roomId(id))).toMatchObject({ roomId: '!third' });
    expect(matrix.aliases.get(ALIAS)).toBe('!third');
  });

  test('keeps an alias that others pointed elsewhere there', async () => {
    const { matrix, handle } = createScene();
    matrix.aliases.set(ALIAS, roomId('!elsewhere'));
    await handle(tombstone());
    expect(matrix.aliases.get(ALIAS)).toBe('!elsewhere');
  });

  test('is no new conversation when clients list the new room in the space', async () => {
    const { matrix, fhir, handle } = createScene();
    const content = { via: ['example.org'] };
    matrix.set(SPACE, 'm.space.child', NEXT, content);
    matrix.set(ROOM, 'm.room.tombstone', '', { replacement_room: NEXT });
    const listing = stateEvent('m.space.child', content, { event_id: '$listing', state_key: NEXT });
    // Handled before the tombstone: the bot's own join then finds out.
    expect(await handle(listing)).toBe('done');
    const ownJoin = inNext('m.room.member', { sender: BOT, state_key: BOT, content: { membership: 'join' } });
    expect(await handle(ownJoin)).toBe('done');
    expect(fhir.writes).toEqual([]);
    expect(await rowByRoom(database(), NEXT)).toMatchObject({ reference: REQUEST });
    expect(await handle(tombstone())).toBe('former-room');
  });
});

describe('a tombstone is not followed', () => {
  test.each<[string, Record<string, unknown>]>([
    ['into a room that does not say it replaces this one', {}],
    ['into the replacement of another room', { predecessor: { room_id: '!other' } }],
    ['into a space', { type: 'm.space', predecessor: { room_id: ROOM } }],
  ])('%s', async (_, creation) => {
    const { matrix, handle, converged } = createScene({ creation });
    expect(await handle(tombstone())).toBe('replacement-invalid');
    expect(matrix.calls.at(-1)).toEqual(['leave', NEXT]);
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: ROOM });
    expect(await converged()).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['that names no room', undefined, 'no-replacement'],
    ['that names itself', ROOM, 'no-replacement'],
    ['that names the room of another resource', SPACE, 'replacement-taken'],
  ])('%s', async (_, replacement, reason) => {
    const { matrix, handle } = createScene();
    expect(await handle(tombstone({ content: { replacement_room: replacement } }))).toBe(reason);
    expect(matrix.calls).toEqual([]);
  });
});

describe('a tombstone by someone whom another member gave the power', () => {
  const byDoctor = (over: Partial<Record<keyof MatrixEvent, unknown>> = {}) =>
    tombstone({ sender: DOCTOR, ...over });

  test('is not followed, and they are told; a later one by a lead is', async () => {
    const { matrix, facts, handle, converged } = createScene();
    expect(await handle(byDoctor())).toBe('later 2000');
    // Synapse has moved the alias meanwhile.
    matrix.aliases.set(ALIAS, NEXT);
    expect(await handle(byDoctor(), AGAIN)).toBe('upgrade-not-allowed');
    expect(matrix.aliases.get(ALIAS)).toBe(ROOM);
    expect(matrix.calls).toEqual([['leave', NEXT]]);
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: ROOM });
    expect(await converged()).toEqual(['upgrade-not-followed']);
    expect(facts).toEqual([
      {
        ...{ kind: 'refused', reason: 'upgrade-not-allowed', by: { userId: DOCTOR } },
        on: { reference: REQUEST },
      },
    ]);
    expect(await handle(tombstone({ event_id: '$later' }))).toBe('done');
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: NEXT });
  });

  test('takes the bot out of no room that is to become a conversation', async () => {
    const { matrix, handle } = createScene();
    await database().query(
      `insert into adopted_room (room_id, care_team, listed_by) values ($1, 'CareTeam/1', $2)`,
      [NEXT, DOCTOR],
    );
    expect(await handle(byDoctor(), AGAIN)).toBe('upgrade-not-allowed');
    expect(matrix.calls).toEqual([]);
  });

  test('of a space is not followed either', async () => {
    const { handle } = createScene({ creation: { type: 'm.space', predecessor: { room_id: SPACE } } });
    expect(await handle(byDoctor({ room_id: SPACE }), AGAIN)).toBe('upgrade-not-allowed');
    expect(await rooms.findRoom(database(), ref('CareTeam/1'))).toMatchObject({ roomId: SPACE });
  });

  test('is not followed by way of its being listed in the space', async () => {
    const { matrix, handle } = createScene();
    matrix.set(ROOM, 'm.room.tombstone', '', { replacement_room: NEXT }, DOCTOR);
    matrix.set(SPACE, 'm.space.child', NEXT, { via: ['example.org'] }, DOCTOR);
    await handle(stateEvent('m.space.child', { via: ['example.org'] }, { sender: DOCTOR, state_key: NEXT }));
    await handle(inNext('m.room.member', { sender: BOT, state_key: BOT, content: { membership: 'join' } }));
    expect(await rooms.findRoom(database(), REQUEST)).toMatchObject({ roomId: ROOM });
  });

  test('is followed where they made the room, which is theirs', async () => {
    const { matrix, handle } = createScene();
    matrix.set(ROOM, 'm.room.create', '', { room_version: '11' }, DOCTOR);
    await database().query(`update room set made_by = 'user' where room_id = $1`, [ROOM]);
    expect(await handle(byDoctor())).toBe('done');
  });

  test('is followed by whom the room has as its all-powerful creator', async () => {
    const { matrix, handle } = createScene();
    matrix.set(ROOM, 'm.room.create', '', { room_version: '12', additional_creators: [DOCTOR] });
    expect(await handle(byDoctor())).toBe('done');
  });

  test('is not followed from a lead where rooms have creators that nobody surpasses', async () => {
    const { matrix, handle } = createScene();
    matrix.set(ROOM, 'm.room.create', '', { room_version: '12' }, BOT);
    expect(await handle(tombstone(), AGAIN)).toBe('upgrade-not-allowed');
    expect(await handle(tombstone({ sender: BOT }))).toBe('done');
  });
});

test('a space that is upgraded takes its conversations along', async () => {
  const { handle, converged } = createScene({
    creation: { type: 'm.space', predecessor: { room_id: SPACE } },
  });
  expect(await handle(tombstone({ room_id: SPACE }))).toBe('done');
  expect(await rooms.findRoom(database(), ref('CareTeam/1'))).toMatchObject({ roomId: NEXT });
  expect(await converged()).toEqual(['CareTeam/1', 'CommunicationRequest/2']);
});
