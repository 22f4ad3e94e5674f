// What is set in a room: its state, its power levels, and what the bridge leaves to users in rooms of their making.
import { describe, expect, test } from 'vitest';
import { desiredSpace } from '../../src/mapping/desired-room.ts';
import { powerLevels } from '../../src/mapping/power-levels.ts';
import type { ActualState } from '../../src/mapping/room-changes.ts';
import { changes, kinds, made, membership, replaced, state } from '../builders/actual-room.ts';
import { CONFINES, member, room } from '../builders/desired-room.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, roomId } from '../builders/matrix.ts';

const A = '@a:example.org';
const B = '@b:example.org';
const GHOST = '@_fhir_1:example.org';
const LEAD = '@lead:example.org';

describe('state', () => {
  test.each<[string, Record<string, unknown>, boolean]>([
    ['m.room.name', { name: 'Team' }, true],
    ['m.room.name', { name: 'Renamed' }, false],
    ['m.room.name', { name: 'Team', more: 1 }, false],
    ['m.room.topic', { topic: 'T' }, true],
    ['m.room.topic', { topic: 'T', 'm.topic': { 'm.text': [{ body: 'T' }] } }, true],
    ['m.room.topic', { topic: 'T', 'm.topic': { 'm.text': [{ body: 'Jan' }] } }, false],
    ['m.room.topic', {}, false],
    ['m.space.child', { via: ['other.example'], order: 'b' }, true],
    ['m.space.child', { via: ['example.org'] }, false],
    ['m.space.child', { via: ['example.org'], order: 'ü' }, false],
    ['m.space.child', {}, false],
  ])('%s %j is as it should be: %s', (type, content, isSame) => {
    const wishes = {
      ...{ phase: 'open' as const, title: { name: 'Team', topic: 'T' }, members: [], confines: CONFINES },
    };
    const listed = [{ roomId: roomId('!r'), number: 7, authoredAt: '2026-03-09T08:30:00.000Z' }];
    const links = { listed, unlisted: [], via: 'example.org' };
    const desired = desiredSpace(ref('CareTeam/1'), wishes, links);
    const key = type === 'm.space.child' ? '!r' : '';
    const wanted = desired.state.find((event) => event.type === type);
    expect(changes(desired, replaced(made(desired), state(type, content, key)))).toEqual(
      isSame ? [] : [{ kind: 'put-state', as: BOT, event: wanted }],
    );
  });

  test.each<[string, string, Record<string, unknown>, boolean]>([
    ['m.room.topic', '', { topic: 'Jan' }, false],
    ['m.room.topic', '', { topic: '' }, true],
    ['m.space.child', '!old', { via: ['example.org'] }, false],
    ['m.space.child', '!old', { via: [], order: 'b' }, true],
  ])('%s %s %j, where none is wanted, is as it should be: %s', (type, key, content, isSame) => {
    const wishes = {
      ...{ phase: 'open' as const, title: { name: 'Team', topic: '' }, members: [], confines: CONFINES },
    };
    const links = { listed: [], unlisted: [roomId('!old')], via: 'example.org' };
    const desired = desiredSpace(ref('CareTeam/1'), wishes, links);
    const bare = made(desired).filter((event) => event.type !== type);
    expect(changes(desired, bare)).toEqual([]);
    const blank = type === 'm.room.topic' ? { topic: '' } : {};
    expect(changes(desired, [...bare, state(type, content, key)])).toEqual(
      isSame ? [] : [{ kind: 'put-state', as: BOT, event: { type, state_key: key, content: blank } }],
    );
  });

  test('that members added stays, and what Synapse adds to power levels too', () => {
    const desired = room({ members: [member(A)] });
    const actual = made(desired, membership(A, 'join')).map((event) =>
      event.type === 'm.room.power_levels'
        ? { ...event, content: { ...event.content, historical: 100 } }
        : event,
    );
    expect(changes(desired, [...actual, state('m.room.avatar', { url: 'mxc://h/1' })])).toEqual([]);
  });
});

test('a level above the mapping is taken away, from members and other users', () => {
  const desired = room({ members: [member(A, { level: 25 })] });
  const { users, ...levels } = powerLevels(desired, { roomVersion: '12', bot: BOT, people: [] });
  const actual = replaced(
    made(desired, membership(A, 'join'), membership(B, 'join')),
    state('m.room.power_levels', { ...levels, users: { [A]: 75, [B]: 100 } }),
  );
  expect(changes(desired, actual)).toEqual([
    {
      kind: 'put-state',
      as: BOT,
      event: { type: 'm.room.power_levels', state_key: '', content: { ...levels, users: {} } },
    },
  ]);
  expect(users).toEqual({});
});

describe('in a room that a user made, if the bot may not', () => {
  const ghost = member(GHOST, { kind: 'ghost', userMapping: { fhirRef: 'Practitioner/7' } });
  const usersRoom = (
    levels: Record<string, unknown>,
    ...members: readonly ActualState[]
  ): readonly ActualState[] => [
    state('m.room.create', { room_version: '12' }, '', LEAD),
    state('m.room.power_levels', { users: {}, ...levels }, '', LEAD),
    membership(LEAD, 'join'),
    membership(BOT, 'join'),
    ...members,
  ];

  test('invite: no one is invited, and no ghost tries to join', () => {
    const desired = room({ members: [member(A), ghost] });
    expect(changes(desired, usersRoom({ invite: 50 }))).toEqual([]);
    expect(kinds(desired, usersRoom({ invite: 50 }, membership(GHOST, 'invite', LEAD)))).toEqual([
      `join ${GHOST}`,
    ]);
  });

  test('set state, and ghosts neither: no name or mapping is set, but members are invited', () => {
    const desired = room({ members: [member(A), ghost] });
    expect(kinds(desired, usersRoom({}))).toEqual([`invite ${A}`, `invite ${GHOST}`, `join ${GHOST}`]);
  });

  test('set state, but a ghost may: the ghost writes its mapping', () => {
    const desired = room({ members: [ghost] });
    expect(changes(desired, usersRoom({ users: { [GHOST]: 50 } }, membership(GHOST, 'join')))).toEqual([
      {
        kind: 'put-state',
        as: GHOST,
        event: { type: 'custom.user_mappings', state_key: GHOST, content: { fhirRef: 'Practitioner/7' } },
      },
    ]);
  });

  test('remove: no one is removed', () => {
    const actual = usersRoom({ users: { [BOT]: 49 } }, membership(A, 'join'));
    expect(changes(room(), actual, { base: [A, LEAD] })).toEqual([]);
  });
});
