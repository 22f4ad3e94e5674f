// Rooms made the way of the June guide: with the team's space as their parent, and the bridge among those invited.
import { beforeEach, expect, test } from 'vitest';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
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
  ]);
});

/** The nurse has made a room with the space as its parent, which the space does not list. */
function createScene(over: Parameters<typeof createWorld>[1] = {}) {
  const world = createWorld(database(), over);
  const { fhir, matrix } = world;
  fhir.put({ resourceType: 'CareTeam', id: '1', subject: { reference: 'Patient/1' } });
  matrix.make(SPACE, { type: 'm.space' });
  matrix.make(MADE);
  matrix.set(MADE, 'm.room.power_levels', '', { users: { [NURSE]: 100, [BOT]: 100 } });
  matrix.set(MADE, 'm.space.parent', SPACE, { via: ['hospital-a.nl'], canonical: true });
  return world;
}

const invitation = (over: Partial<Record<keyof MatrixEvent, unknown>> = {}): MatrixEvent =>
  stateEvent(
    'm.room.member',
    { membership: 'invite' },
    { event_id: '$invited', room_id: MADE, state_key: BOT, ...over },
  );
const ownJoin = (): MatrixEvent =>
  stateEvent(
    'm.room.member',
    { membership: 'join' },
    { event_id: '$own', room_id: MADE, sender: BOT, state_key: BOT },
  );

test('such a room is listed in the space by the bridge, and by its own join becomes a conversation', async () => {
  const { matrix, fhir, handle } = createScene();
  expect(await handle(invitation())).toBe('done');
  expect(matrix.calls).toEqual([
    ['join', MADE, ['example.org']],
    ['put', SPACE, 'm.space.child', MADE],
  ]);
  expect(await handle(ownJoin())).toBe('done');
  expect(fhir.get(REQUEST)).toMatchObject({
    about: [{ reference: 'CareTeam/1' }],
    requester: { reference: 'Practitioner/7' },
  });
  expect(await rowByRoom(database(), MADE)).toMatchObject({ reference: REQUEST, careTeam: 'CareTeam/1' });
});

test('it becomes one conversation, though the invitation is handled twice', async () => {
  const { fhir, handle } = createScene();
  await handle(invitation());
  expect(await handle(invitation(), { number: 2, inDoubt: true })).toBe('done');
  await handle(ownJoin());
  expect(fhir.writes).toEqual([REQUEST]);
});

test.each<[string, string, (world: ReturnType<typeof createScene>) => void]>([
  [
    'whose maker may list no rooms in the space',
    'may-not-list',
    ({ matrix }) => {
      matrix.set(SPACE, 'm.room.power_levels', '', {
        users: { [NURSE]: 25 },
        events: { 'm.space.child': 50 },
      });
    },
  ],
  [
    'whose maker is not in the space',
    'may-not-list',
    ({ matrix }) => {
      matrix.member(SPACE, NURSE, 'leave');
    },
  ],
  [
    'whose parent another wrote, who is not in the space',
    'may-not-list',
    ({ matrix }) => {
      matrix.set(MADE, 'm.space.parent', SPACE, { via: ['example.org'] }, DOCTOR);
    },
  ],
  [
    'with another parent',
    'not-bridged',
    ({ matrix }) => {
      matrix.set(MADE, 'm.space.parent', SPACE, {});
      matrix.set(MADE, 'm.space.parent', '!other', { via: ['example.org'] });
    },
  ],
  [
    'with a conversation as its parent',
    'not-bridged',
    ({ matrix }) => {
      matrix.set(MADE, 'm.space.parent', SPACE, {});
      matrix.set(MADE, 'm.space.parent', '!conversation', { via: ['example.org'] });
    },
  ],
])('a room %s is left again', async (_, reason, change) => {
  const world = createScene();
  change(world);
  // For five seconds it is waited for: its maker may list it.
  if (reason === 'not-bridged') expect(await world.handle(invitation())).toBe('later 1000');
  expect(await world.handle(invitation(), { number: 6 })).toBe(reason);
  expect(world.matrix.calls.at(-1)).toEqual(['leave', MADE]);
  expect(world.fhir.writes).toEqual([]);
  expect(await rowByRoom(database(), MADE)).toBeUndefined();
});

test.each([
  [
    'that has none yet becomes its room, if convergence finds that it may',
    'done',
    '9',
    ['CommunicationRequest/9'],
  ],
  ['that has one is left again', 'not-bridged', '2', []],
  ['that FHIR does not know is left again', 'not-bridged', '7', []],
])('a room under the alias of a resource %s', async (_, outcome, id, asked) => {
  const { matrix, fhir, handle, converged } = createScene();
  fhir.put({ resourceType: 'CommunicationRequest', id: '9', status: 'active' });
  fhir.put({ resourceType: 'CommunicationRequest', id: '2', status: 'active' });
  matrix.set(MADE, 'm.space.parent', SPACE, {});
  const alias = `#communicationrequest/${id}:example.org`;
  matrix.aliases.set(alias, MADE);
  matrix.set(MADE, 'm.room.canonical_alias', '', { alias });
  expect(await handle(invitation(), { number: 6 })).toBe(outcome);
  expect(await converged()).toEqual(asked);
  expect(matrix.calls.length).toBe(outcome === 'done' ? 1 : 2);
});

test('an alias that leads elsewhere is not believed', async () => {
  const { matrix, fhir, handle } = createScene();
  fhir.put({ resourceType: 'CommunicationRequest', id: '9', status: 'active' });
  matrix.set(MADE, 'm.space.parent', SPACE, {});
  matrix.set(MADE, 'm.room.canonical_alias', '', { alias: '#communicationrequest/9:example.org' });
  expect(await handle(invitation(), { number: 6 })).toBe('not-bridged');
});

test.each<[string, Parameters<typeof createWorld>[1], object]>([
  ['a stranger', {}, { sender: '@x:evil.example' }],
  ['a ghost', {}, { sender: '@_fhir_x:example.org' }],
  ['anyone, where rooms of users are not wanted', { userMadeRooms: 'ignore' }, {}],
])('no room is entered because %s asks for it', async (_, settings, over) => {
  const { matrix, handle } = createScene(settings);
  expect(await handle(invitation(over))).toBe('not-bridged');
  expect(matrix.calls).toEqual([]);
});
