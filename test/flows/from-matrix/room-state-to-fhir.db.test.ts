// Names and other state that members change: written to FHIR where mapped, else left to convergence to restore.
import { beforeEach, describe, expect, test } from 'vitest';
import { SETTINGS } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { createWorld, ROOM, SPACE, stateEvent, writeRooms } from '../../builders/leading-world.ts';
import { BOT } from '../../builders/matrix.ts';

const database = useBridgeDatabase();
const MAPPED = {
  roomTemplates: {
    ...SETTINGS.roomTemplates,
    conversationName: '{subject}',
    conversationSubject: 'category',
  },
};

beforeEach(async () => {
  await writeRooms(database());
});

function createScene(
  over: Parameters<typeof createWorld>[1] = {},
  subject: object = { subject: { reference: 'Patient/1' } },
) {
  const world = createWorld(database(), over);
  world.matrix.make(SPACE, { type: 'm.space' });
  world.matrix.make(ROOM);
  world.fhir.put({ resourceType: 'CareTeam', id: '1', name: 'Team Jan', ...subject });
  world.fhir.put({
    resourceType: 'CommunicationRequest',
    id: '2',
    status: 'active',
    category: [{ text: 'Stairs' }],
  });
  const rename = async (room: typeof ROOM, name: unknown, present = name) => {
    world.matrix.set(room, 'm.room.name', '', { name: present });
    return world.handle(stateEvent('m.room.name', { name }, { room_id: room }));
  };
  return { ...world, rename };
}

describe('a new name', () => {
  test('of a conversation becomes its subject line where names are mapped', async () => {
    const { fhir, rename, converged } = createScene(MAPPED);
    expect(await rename(ROOM, ' Stairs  and lift ')).toBe('done');
    expect(fhir.get('CommunicationRequest/2')).toMatchObject({ category: [{ text: 'Stairs and lift' }] });
    expect(await converged()).toEqual(['CommunicationRequest/2']);
    const { rows } = await database().query('select reference, origin from resource_version');
    expect(rows).toEqual([{ reference: 'CommunicationRequest/2', origin: 'written' }]);
  });

  test('of the space of a team without subject becomes the team’s', async () => {
    const { fhir, rename } = createScene({}, {});
    expect(await rename(SPACE, 'Night shift')).toBe('done');
    expect(fhir.get('CareTeam/1')).toMatchObject({ name: 'Night shift' });
  });

  test.each<[string, Parameters<typeof createScene>[0], typeof ROOM, unknown]>([
    ['of a team’s space that has a subject', {}, SPACE, 'Jan de Vries'],
    ['of a conversation where names are not mapped', {}, ROOM, 'Lift'],
    ['that is what FHIR says', MAPPED, ROOM, 'Stairs'],
    ['that is empty', MAPPED, ROOM, ''],
    ['that is none', MAPPED, ROOM, undefined],
  ])('%s is left to convergence', async (_, over, room, name) => {
    const { fhir, rename, converged } = createScene(over);
    expect(await rename(room, name)).toBe('done');
    expect(fhir.writes).toEqual([]);
    expect(await converged()).toEqual([room === SPACE ? 'CareTeam/1' : 'CommunicationRequest/2']);
  });

  test('that was changed since has no word', async () => {
    const { fhir, rename } = createScene(MAPPED);
    expect(await rename(ROOM, 'Lift', 'Doorbell')).toBe('superseded');
    expect(fhir.writes).toEqual([]);
  });
});

test.each([
  'm.room.topic',
  'm.room.avatar',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.canonical_alias',
  'm.space.parent',
  'm.space.child',
])('%s of a conversation is left to convergence', async (type) => {
  const { handle, converged } = createScene();
  expect(await handle(stateEvent(type, {}, { room_id: ROOM }))).toBe('done');
  expect(await converged()).toEqual(['CommunicationRequest/2']);
});

test.each([
  ['of another kind', stateEvent('m.room.pinned_events', {}), 'state'],
  ['by the bridge itself', stateEvent('m.room.topic', {}, { sender: BOT }), 'own-state'],
  ['of a room of others', stateEvent('m.room.topic', {}, { room_id: '!other' }), 'not-bridged'],
])('state %s means nothing', async (_, event, reason) => {
  const { handle, converged } = createScene();
  expect(await handle(event)).toBe(reason);
  expect(await converged()).toEqual([]);
});

test('state of a room of others is not kept, be it of a member or of the room', async () => {
  const event = stateEvent('m.room.topic', { topic: 'secret' }, { room_id: '!other' });
  await database().query(`insert into lane (key, tail) values ('to-fhir:!other', 1)`);
  await database().query(
    `insert into item (lane_id, position, source, source_id, payload)
     select id, 1, 'matrix.event', $1, $2 from lane`,
    [event.event_id, { kind: 'matrix.event', event }],
  );
  await createScene().handle(event);
  const { rows } = await database().query('select payload from item');
  expect(rows).toEqual([{ payload: {} }]);
});
