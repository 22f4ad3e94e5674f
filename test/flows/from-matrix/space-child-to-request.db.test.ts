// Rooms that users make inside a care team's space: entered, recorded as conversations, or refused.
import { beforeEach, describe, expect, test } from 'vitest';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
import { createReadSet } from '../../../src/flows/people/read-set.ts';
import { readRoomSpec } from '../../../src/flows/structure/room-spec.ts';
import * as adoptedRooms from '../../../src/store/adopted-rooms.ts';
import * as people from '../../../src/store/people.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import {
  createWorld,
  DOCTOR,
  NURSE,
  rowByRoom,
  SPACE,
  stateEvent,
  writeRooms,
} from '../../builders/leading-world.ts';
import { BOT, roomId } from '../../builders/matrix.ts';

const MADE = roomId('!made:example.org');
const REQUEST = 'CommunicationRequest/room-3f4c0c40856bf089faf52615ff8ce9ad00cae3985be';
const database = useBridgeDatabase();

beforeEach(async () => {
  await writeRooms(database());
  await people.savePeople(database(), [
    { reference: ref('Practitioner/7'), userId: NURSE, kind: 'user', source: 'telecom' },
    { reference: ref('Practitioner/8'), userId: DOCTOR, kind: 'user', source: 'telecom' },
  ]);
});

type Over = Partial<Record<keyof MatrixEvent, unknown>>;
const LISTED = { via: ['example.org', 'their.example'] };

const POWER = { users: { [NURSE]: 100, [BOT]: 100 } };

/** The nurse has made `!made` with the doctor in it, given the bot the power to keep it, and listed it in the space. */
function createScene(
  over: Parameters<typeof createWorld>[1] = {},
  { open = true, creation = {}, power = true } = {},
) {
  const world = createWorld(database(), over);
  world.fhir.put({ resourceType: 'CareTeam', id: '1', subject: { reference: 'Patient/1' } });
  world.matrix.make(SPACE, { type: 'm.space' });
  world.matrix.make(MADE, creation, { open });
  world.matrix.member(MADE, DOCTOR, 'join');
  if (power) world.matrix.set(MADE, 'm.room.power_levels', '', POWER);
  world.matrix.set(SPACE, 'm.space.child', MADE, LISTED);
  return world;
}

const listing = (over: Over = {}): MatrixEvent =>
  stateEvent('m.space.child', LISTED, { event_id: '$listing', state_key: MADE, ...over });
const inMade = (over: Over): MatrixEvent => stateEvent('m.room.member', {}, { room_id: MADE, ...over });
const ownJoin = (): MatrixEvent =>
  inMade({ event_id: '$own', sender: BOT, state_key: BOT, content: { membership: 'join' } });
const invitation = (over: Over = {}): MatrixEvent =>
  inMade({ event_id: '$invited', state_key: BOT, content: { membership: 'invite' }, ...over });

describe('a room that a member lists in the space', () => {
  test('is joined, and by the bot’s own join becomes a conversation, linked both ways by convergence', async () => {
    const { matrix, fhir, handle, converged } = createScene();
    expect(await handle(listing())).toBe('done');
    expect(matrix.calls).toEqual([['join', MADE, ['example.org', 'their.example']]]);
    expect(fhir.writes).toEqual([]);

    // What was said before the bot came meets no conversation; the join comes back in the room's own lane.
    expect(await handle(inMade({ event_id: '$name', type: 'm.room.name', state_key: '' }))).toBe(
      'before-joining',
    );
    expect(await rowByRoom(database(), MADE)).toBeUndefined();
    expect(await handle(ownJoin())).toBe('done');

    expect(fhir.get(REQUEST)).toMatchObject({
      status: 'active',
      identifier: [{ value: 'matrix:roomid/made:example.org' }],
      subject: { reference: 'Patient/1' },
      about: [{ reference: 'CareTeam/1' }],
      requester: { reference: 'Practitioner/7' },
      recipient: [{ reference: 'Practitioner/8' }],
      authoredOn: '2026-11-21T12:00:00.000Z',
    });
    expect(await rowByRoom(database(), MADE)).toMatchObject({
      reference: REQUEST,
      subject: 'Patient/1',
      careTeam: 'CareTeam/1',
      madeBy: 'user',
      ready: true,
    });
    expect(matrix.aliases.get(`#communicationrequest/${REQUEST.split('/')[1] ?? ''}:example.org`)).toBe(MADE);
    expect(await adoptedRooms.findAdoption(database(), MADE)).toBeUndefined();
    expect(await converged()).toEqual(['CareTeam/1', REQUEST]);
  });

  test('is none before the bot has the power to keep it in order; who made it is told, and giving it makes it one', async () => {
    const { matrix, fhir, handle, converged } = createScene({}, { power: false });
    await handle(listing());
    expect(await handle(ownJoin())).toBe('needs-power');
    expect(await converged()).toEqual(['needs-power']);
    expect(fhir.writes).toEqual([]);
    expect(await rowByRoom(database(), MADE)).toBeUndefined();
    const levels = (users: object) =>
      inMade({ event_id: '$levels', type: 'm.room.power_levels', state_key: '', content: { users } });
    // Not enough: members could be removed, but the rules not be restored.
    matrix.set(MADE, 'm.room.power_levels', '', {
      users: { [NURSE]: 100, [BOT]: 50 },
      events: { 'm.room.power_levels': 100 },
    });
    expect(await handle(levels({ [BOT]: 50 }))).toBe('needs-power');
    matrix.set(MADE, 'm.room.power_levels', '', POWER);
    expect(await handle(levels(POWER.users))).toBe('done');
    expect(fhir.writes).toEqual([REQUEST]);
    expect(await rowByRoom(database(), MADE)).toMatchObject({ reference: REQUEST, madeBy: 'user' });
  });

  test('is refused where it was made unsafe before the power was given', async () => {
    const { matrix, handle } = createScene({}, { power: false });
    await handle(listing());
    await handle(ownJoin());
    matrix.set(MADE, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' });
    matrix.set(MADE, 'm.room.power_levels', '', POWER);
    const given = inMade({ event_id: '$levels', type: 'm.room.power_levels', state_key: '', content: POWER });
    expect(await handle(given)).toBe('room-encrypted');
    expect(matrix.calls.at(-1)).toEqual(['leave', MADE]);
  });

  test('becomes one conversation, though every step is tried twice', async () => {
    const { fhir, handle, converged } = createScene();
    const again = { number: 2, inDoubt: true };
    await handle(listing());
    expect(await handle(listing(), again)).toBe('done');
    // The listing's second try found the bot in the room and completed the adoption; the join that comes then is one of its own.
    expect(await handle(ownJoin(), again)).toBe('own-state');
    expect(fhir.writes).toEqual([REQUEST]);
    expect(await converged()).toEqual(['CareTeam/1', REQUEST]);
  });

  test('in another team’s too, before the bot is let in, is of the last; the first is compared, and gives it up', async () => {
    const { bridge, matrix, handle, converged } = createScene({}, { open: false });
    const other = roomId('!other');
    matrix.make(other, { type: 'm.space' });
    await database().query(
      `insert into room (reference, alias, room_id, ready_at) values ('CareTeam/3', '#careteam/3:example.org', '!other', now())`,
    );
    expect(await handle(listing())).toBe('room-not-open');
    const second = listing({ event_id: '$second', room_id: other });
    expect(await handle(second)).toBe('room-not-open');
    expect(await converged()).toEqual(['CareTeam/1']);
    expect(await adoptedRooms.findAdoption(database(), MADE)).toMatchObject({ careTeam: 'CareTeam/3' });
    const { signal } = new AbortController();
    const reads = createReadSet(bridge.fhir, signal);
    const space = await readRoomSpec(bridge, reads, ref('CareTeam/1'), signal);
    const actual = await bridge.homeserver.roomState(BOT, SPACE);
    const { state } = (await space?.desiredFor(actual, 'open')) ?? {};
    expect(state).toContainEqual({ type: 'm.space.child', state_key: MADE, content: {} });
  });

  test('is finished after a crash between its row and its request', async () => {
    const { bridge, fhir, handle } = createScene();
    await handle(listing());
    const { server } = fhir;
    Object.assign(bridge, {
      fhir: { ...server, createOnce: () => Promise.reject(new Error('the process ends here')) },
    });
    await expect(handle(ownJoin())).rejects.toThrow('the process ends here');
    expect(await rowByRoom(database(), MADE)).toMatchObject({ reference: REQUEST });
    Object.assign(bridge, { fhir: server });
    expect(await handle(ownJoin(), { number: 2, inDoubt: true })).toBe('done');
    expect(fhir.writes).toEqual([REQUEST]);
  });

  test('is joined later, when the bot was not let in and is invited', async () => {
    const { matrix, fhir, handle } = createScene({}, { open: false });
    expect(await handle(listing())).toBe('room-not-open');
    matrix.open(MADE);
    expect(await handle(invitation())).toBe('done');
    expect(await handle(ownJoin())).toBe('done');
    expect(fhir.writes).toEqual([REQUEST]);
  });

  test('is joined all the same when the invitation came first', async () => {
    const { fhir, handle } = createScene();
    expect(await handle(invitation())).toBe('later 1000');
    await handle(listing());
    expect(await handle(invitation(), { number: 2 })).toBe('bot-membership');
    await handle(ownJoin());
    expect(fhir.writes).toEqual([REQUEST]);
  });

  test('by a stranger of a homeserver that is not trusted is never joined', async () => {
    const { matrix, handle } = createScene();
    expect(await handle(listing({ sender: '@x:evil.example' }))).toBe('stranger');
    expect(await handle(listing({ sender: '@x:example.org' }))).toBe('done');
    expect(matrix.calls).toHaveLength(1);
  });

  test('is left alone where the operator wants no rooms of users', async () => {
    const { matrix, handle } = createScene({ userMadeRooms: 'ignore' });
    expect(await handle(listing())).toBe('user-made-rooms');
    expect(matrix.calls).toEqual([]);
  });

  test.each<[string, MatrixEvent]>([
    ['a bridged room', listing({ state_key: '!conversation' })],
    ['a room taken off the list', listing({ content: {} })],
    ['no room', listing({ state_key: 'made' })],
  ])('being %s is for convergence to judge', async (_, event) => {
    const { matrix, handle, converged } = createScene();
    expect(await handle(event)).toBe('done');
    expect(matrix.calls).toEqual([]);
    expect(await converged()).toEqual(['CareTeam/1']);
  });
});

describe('is left again, and no conversation:', () => {
  test.each<[string, string, (world: ReturnType<typeof createScene>) => void]>([
    [
      'an encrypted room',
      'room-encrypted',
      ({ matrix }) => {
        matrix.set(MADE, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' });
      },
    ],
    [
      'a space',
      'room-is-a-space',
      ({ matrix }) => {
        matrix.set(MADE, 'm.room.create', '', { room_version: '11', type: 'm.space' });
      },
    ],
    [
      'a public room',
      'room-public',
      ({ matrix }) => {
        matrix.set(MADE, 'm.room.join_rules', '', { join_rule: 'public' });
      },
    ],
    [
      'a room that members of another may join',
      'room-public',
      ({ matrix }) => {
        const allow = [{ type: 'm.room_membership', room_id: '!anywhere' }];
        matrix.set(MADE, 'm.room.join_rules', '', { join_rule: 'restricted', allow });
      },
    ],
    [
      'a room that anyone may read',
      'room-public',
      ({ matrix }) => {
        matrix.set(MADE, 'm.room.history_visibility', '', { history_visibility: 'world_readable' });
      },
    ],
    [
      'a room in the public directory',
      'room-public',
      ({ matrix }) => {
        matrix.listed.add(MADE);
      },
    ],
    [
      'a room its lister is not in',
      'lister-not-in-room',
      ({ matrix }) => {
        matrix.member(MADE, NURSE, 'leave');
      },
    ],
    [
      'a room that is listed no more',
      'room-not-listed',
      ({ matrix }) => {
        matrix.set(SPACE, 'm.space.child', MADE, {});
      },
    ],
  ])('%s', async (_, reason, change) => {
    const world = createScene();
    change(world);
    await world.handle(listing());
    expect(await world.handle(ownJoin())).toBe(reason);
    expect(world.matrix.calls.at(-1)).toEqual(['leave', MADE]);
    expect(world.fhir.writes).toEqual([]);
    expect(await rowByRoom(database(), MADE)).toBeUndefined();
    expect(await adoptedRooms.findAdoption(database(), MADE)).toBeUndefined();
  });
});
