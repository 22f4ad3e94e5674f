// Names, pictures and order of rooms as they converge. On a real database.
import { describe, expect, test } from 'vitest';
import * as rooms from '../../../src/store/rooms.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { ROOM, SPACE } from '../../builders/leading-world.ts';
import { BOT } from '../../builders/matrix.ts';
import { createSeenWorld, DEFAULT_NAMES, named } from '../../builders/seen-world.ts';

const database = useBridgeDatabase();
const ALL = ['CareTeam/1', 'CommunicationRequest/2', 'CareTeam/1'] as const;

/** A team of two professionals, with a conversation. */
async function createScene(over: Parameters<typeof createSeenWorld>[1] = {}) {
  const world = await createSeenWorld(database(), over);
  world.write(
    { participant: [named('Practitioner/7'), named('Practitioner/8')] },
    { authoredOn: '2026-03-09T08:30:00Z' },
  );
  return world;
}

describe('names', () => {
  test('tell rooms apart by numbers, professionals and the time', async () => {
    const { converge, content, differences } = await createScene();
    await converge(...ALL);
    expect(await content(SPACE, 'm.room.name')).toEqual({ name: 'Care team 14 · Jan Smit, Noor Bakker' });
    expect(await content(ROOM, 'm.room.name')).toEqual({
      name: 'Conversation 31 · team 14 · 2026-03-09 09:30',
    });
    expect(await differences()).toEqual([]);
  });

  test('of a former default converge to the new one, after which nothing is left to do', async () => {
    const { converge, content, differences, matrix } = await createScene();
    await converge(...ALL);
    matrix.set(SPACE, 'm.room.name', '', { name: 'Care team' }, BOT);
    expect(await differences()).toEqual(['CareTeam/1 differs set m.room.name']);
    await converge('CareTeam/1');
    expect(await content(SPACE, 'm.room.name')).toEqual({ name: 'Care team 14 · Jan Smit, Noor Bakker' });
    expect(await differences()).toEqual([]);
  });

  test('name the organisation that manages the team where the template asks for it, and depend on it', async () => {
    const roomTemplates = { ...DEFAULT_NAMES, spaceName: '{number} · {organization}' };
    const { bridge, converge, content, fhir, write } = await createScene({ roomTemplates });
    fhir.put({ resourceType: 'Organization', id: '5', name: 'Practice The Linden' });
    write({ managingOrganization: [{ reference: 'Organization/5', display: 'Linden' }] });
    await converge('CareTeam/1');
    expect(await content(SPACE, 'm.room.name')).toEqual({ name: '14 · Practice The Linden' });
    const dependents = await bridge.store.roomMembers.findDependents(database(), [ref('Organization/5')]);
    expect(dependents).toEqual(['CareTeam/1']);
    write({ managingOrganization: [{ reference: 'Organization/6', display: 'The Oak' }] });
    await converge('CareTeam/1');
    expect(await content(SPACE, 'm.room.name')).toEqual({ name: '14 · The Oak' });
  });

  test('get their numbers from the database, each once, also when a room is given up', async () => {
    await createScene();
    const reserve = (id: string) =>
      rooms.reserveRoom(database(), ref(`CareTeam/${id}`), '#alias:example.org' as never);
    const [first, second, again] = [await reserve('x'), await reserve('y'), await reserve('x')];
    expect(again.number).toBe(first.number);
    await database().query(`delete from room where reference = 'CareTeam/y'`);
    expect((await reserve('z')).number).toBeGreaterThan(second.number);
  });
});

describe('pictures', () => {
  test('are of the team: its space and its rooms have the same one, which is uploaded once', async () => {
    const { converge, content, differences, uploads } = await createScene({ teamPictures: true });
    await converge(...ALL);
    const picture = { url: 'mxc://example.org/1' };
    expect(await content(SPACE, 'm.room.avatar')).toEqual(picture);
    expect(await content(ROOM, 'm.room.avatar')).toEqual(picture);
    expect(uploads).toHaveLength(1);
    expect(await differences()).toEqual([]);
  });

  test('that were not uploaded yet are seen by a comparison, which uploads none', async () => {
    const { converge, differences, bridge, uploads } = await createScene();
    await converge(...ALL);
    Object.assign(bridge, { settings: { ...bridge.settings, teamPictures: true } });
    expect(await differences()).toEqual([
      'CareTeam/1 differs set m.room.avatar',
      'CommunicationRequest/2 differs set m.room.avatar',
    ]);
    expect(uploads).toEqual([]);
  });

  test('that members set are left alone where the bridge draws none', async () => {
    const { converge, content, matrix } = await createScene();
    matrix.set(ROOM, 'm.room.avatar', '', { url: 'mxc://example.org/own' });
    await converge(...ALL);
    expect(await content(ROOM, 'm.room.avatar')).toEqual({ url: 'mxc://example.org/own' });
  });
});

describe('the list of a space', () => {
  test('has its rooms in the order in which they began', async () => {
    const { converge, content } = await createScene();
    await converge(...ALL);
    expect(await content(SPACE, 'm.space.child', ROOM)).toMatchObject({
      order: '2026-03-09T08:30:00.000Z 0000000031',
    });
  });

  test('has no order from former versions: a resync finds the room, which asks for its space', async () => {
    const { converge, content, differences, matrix } = await createScene();
    await converge(...ALL);
    await database().query('update room set authored_at = null');
    matrix.set(SPACE, 'm.space.child', ROOM, { via: ['example.org'] }, BOT);
    expect(await differences()).toContain('CommunicationRequest/2 differs list it by when it began');
    await converge('CommunicationRequest/2', 'CareTeam/1');
    expect(await content(SPACE, 'm.space.child', ROOM)).toMatchObject({
      order: '2026-03-09T08:30:00.000Z 0000000031',
    });
    expect(await differences()).toEqual([]);
  });
});
