// Members whom nobody knows: told, and removed after a while, by the homeserver they are of. On a real database.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { convergeDue } from '../../../src/flows/structure/converge-due.ts';
import * as people from '../../../src/store/people.ts';
import { clockAt } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, NOW, NURSE, ROOM, SPACE } from '../../builders/leading-world.ts';
import { BOT, userId } from '../../builders/matrix.ts';
import { createSeenWorld, named } from '../../builders/seen-world.ts';

const HOUR = 3_600_000;
const STRANGER = userId('@stranger:elsewhere.example');
const COLLEAGUE = userId('@colleague:partner.example');
const REQUEST = 'CommunicationRequest/2';
const database = useBridgeDatabase();

type World = Awaited<ReturnType<typeof createScene>>;

/** The nurse's team with its conversation, both up to date; the partner's homeserver is trusted. */
async function createScene(over: Partial<Bridge['settings']['strangers']> = {}) {
  const world = await createSeenWorld(database(), {
    trustedServers: new Set(['example.org', 'partner.example']),
    strangers: { fromTrustedServers: 'notice', fromOtherServers: 'remove', graceMs: HOUR, ...over },
  });
  world.write({ participant: [named('Practitioner/7')] }, { recipient: [{ reference: 'Practitioner/7' }] });
  await world.converge('CareTeam/1', REQUEST);
  world.matrix.member(ROOM, NURSE, 'join');
  await database().query('delete from item');
  return world;
}

const at = ({ bridge }: World, ms: number): void => void Object.assign(bridge, { clock: clockAt(NOW + ms) });
const membership = async ({ content }: World, who: string) =>
  (await content(ROOM, 'm.room.member', who))?.['membership'];

describe('a stranger of a homeserver that is not trusted', () => {
  let world: World;
  beforeEach(async () => {
    world = await createScene();
    world.matrix.member(ROOM, STRANGER, 'join');
    await world.converge(REQUEST);
  });

  test('is told at once, and removed once the grace is over: by the clock, though nothing else happens', async () => {
    expect(await membership(world, STRANGER)).toBe('join');
    expect(await world.converged()).toEqual(['stranger-to-leave']);
    at(world, HOUR - 1);
    expect(await convergeDue(world.bridge)).toEqual({ asked: 0, next: new Date(NOW + HOUR) });
    at(world, HOUR);
    expect(await convergeDue(world.bridge)).toMatchObject({ asked: 1 });
    await world.converge(REQUEST);
    expect(await membership(world, STRANGER)).toBe('leave');
    expect(await membership(world, NURSE)).toBe('join');
    expect(await world.differences()).toEqual([]);
  });

  test('has one grace, however often they are invited again', async () => {
    at(world, HOUR);
    await world.converge(REQUEST);
    world.matrix.member(ROOM, STRANGER, 'invite', NURSE);
    await world.converge(REQUEST);
    expect(await membership(world, STRANGER)).toBe('leave');
  });

  test('stays once FHIR knows them', async () => {
    await people.savePeople(database(), [
      { reference: ref('Practitioner/9'), userId: STRANGER, kind: 'user', source: 'stored' },
    ]);
    at(world, HOUR);
    await world.converge(REQUEST);
    expect(await membership(world, STRANGER)).toBe('join');
  });

  test('stays once a directory knows them', async () => {
    Object.assign(world.bridge, {
      personInDirectory: () =>
        Promise.resolve({ identifier: undefined, name: 'Dr. Known', organization: undefined }),
    } satisfies Partial<Record<keyof Bridge, unknown>>);
    at(world, HOUR);
    await world.converge(REQUEST);
    expect(await membership(world, STRANGER)).toBe('join');
  });

  test('is seen by a comparison that touches nothing', async () => {
    at(world, HOUR);
    expect(await world.differences()).toEqual([`${REQUEST} differs remove ${STRANGER}`]);
    expect(await membership(world, STRANGER)).toBe('join');
  });
});

describe('what becomes of members whom nobody knows is decided by their homeserver:', () => {
  test.each([
    ['remove', 'remove', 'leave', ['stranger-to-leave', 'stranger-to-leave']],
    ['notice', 'remove', 'join', ['stranger', 'stranger-to-leave']],
    ['allow', 'notice', 'join', ['stranger']],
    ['allow', 'allow', 'join', []],
  ] as const)('%s where it is trusted, %s elsewhere', async (trusted, others, colleague, told) => {
    const world = await createScene({ fromTrustedServers: trusted, fromOtherServers: others });
    for (const who of [COLLEAGUE, STRANGER]) world.matrix.member(ROOM, who, 'invite', NURSE);
    await world.converge(REQUEST);
    expect(await world.converged()).toEqual(told);
    at(world, HOUR);
    await world.converge(REQUEST);
    const expected = colleague === 'leave' ? 'leave' : 'invite';
    expect(await membership(world, COLLEAGUE)).toBe(expected);
    expect(await membership(world, STRANGER)).toBe(others === 'remove' ? 'leave' : 'invite');
  });

  test('a bridge before this one is no stranger', async () => {
    const world = await createScene();
    Object.assign(world.bridge, { settings: { ...world.bridge.settings, adoptRoomsOf: new Set([DOCTOR]) } });
    world.matrix.member(ROOM, DOCTOR, 'join');
    await world.converge(REQUEST);
    expect(await world.converged()).toEqual([]);
  });
});

describe('which homeservers take part, and who reads what was said,', () => {
  const acl = { allow: ['example.org', 'partner.example'], allow_ip_literals: false, deny: [] };

  test.each([SPACE, ROOM])('is written into %s, and restored when it is changed', async (id) => {
    const world = await createScene();
    expect(await world.content(id, 'm.room.server_acl')).toEqual(acl);
    world.matrix.set(id, 'm.room.server_acl', '', { ...acl, allow: ['*'] }, NURSE);
    world.matrix.set(id, 'm.room.history_visibility', '', { history_visibility: 'world_readable' }, NURSE);
    await world.converge('CareTeam/1', REQUEST);
    expect(await world.content(id, 'm.room.server_acl')).toEqual(acl);
    expect(await world.content(id, 'm.room.history_visibility')).toEqual({ history_visibility: 'shared' });
    expect(await world.differences()).toEqual([]);
  });

  test('its change asks for the convergence that restores it', async () => {
    const world = await createScene();
    const event = { room_id: ROOM, event_id: '$acl', sender: NURSE, state_key: '', origin_server_ts: NOW };
    await world.handle({ ...event, type: 'm.room.server_acl', content: {} } as never);
    expect(await world.converged()).toEqual([REQUEST]);
  });

  test('counts the homeservers of those whom FHIR has in the room', async () => {
    const world = await createScene();
    await people.savePeople(database(), [
      { reference: ref('Practitioner/8'), userId: DOCTOR, kind: 'user', source: 'telecom' },
    ]);
    await people.linkPerson(database(), ref('Practitioner/9'), STRANGER);
    world.fhir.put({ resourceType: 'Practitioner', id: '9', name: [{ text: 'Dr. Far' }] });
    const recipient = ['Practitioner/7', 'Practitioner/9'].map((reference) => ({ reference }));
    world.write({ participant: [named('Practitioner/7')] }, { recipient });
    await world.converge(REQUEST);
    expect(await world.content(ROOM, 'm.room.server_acl')).toEqual({
      ...acl,
      allow: ['elsewhere.example', 'example.org', 'partner.example'],
    });
    expect(await world.content(SPACE, 'm.room.server_acl')).toEqual(acl);
    expect(await membership(world, STRANGER)).toBe('invite');
    expect(await membership(world, BOT)).toBeUndefined();
  });

  test('is open to all where strangers of other homeservers may stay', async () => {
    const world = await createScene();
    Object.assign(world.bridge.settings, {
      strangers: { ...world.bridge.settings.strangers, fromOtherServers: 'notice' },
    });
    await world.converge(REQUEST);
    expect(await world.content(ROOM, 'm.room.server_acl')).toEqual({
      ...{ allow: ['*'], allow_ip_literals: true, deny: [] },
    });
    expect(await world.differences()).toEqual(['CareTeam/1 differs set m.room.server_acl']);
  });
});
