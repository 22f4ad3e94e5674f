// Desired rooms, whole: the space of a team and the room of a conversation, and what createRoom is told of them.
import { describe, expect, test } from 'vitest';
import type { RoomAlias } from '../../src/domain/ids.ts';
import { desiredConversation, desiredSpace, isBlank, spaceChild } from '../../src/mapping/desired-room.ts';
import { createRoomBody } from '../../src/mapping/fhir-to-matrix/create-room.ts';
import { CONFINES, member, room } from '../builders/desired-room.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, roomId } from '../builders/matrix.ts';

const GHOST = member('@_fhir_practitioner_8:example.org', { kind: 'ghost' });
const MEMBERS = [
  member('@doctor:example.org'),
  GHOST,
  member('@son:example.org', { level: 50 }),
  member('@jan:example.org', { level: 25 }),
];
const WISHES = {
  phase: 'open' as const,
  title: { name: 'Care team', topic: 'For what the care needs' },
  members: MEMBERS,
  confines: CONFINES,
};

const CLOSED = [
  { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'shared' } },
  { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
  {
    ...{ type: 'm.room.server_acl', state_key: '' },
    content: { allow: ['example.org'], allow_ip_literals: false, deny: [] },
  },
];
const ONLY_INVITED = { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'invite' } };
const OPEN_TO_SPACE = {
  type: 'm.room.join_rules',
  state_key: '',
  content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: '!space' }] },
};
const child = (id: string, number: number) => ({
  ...{ roomId: roomId(id), number, authoredAt: '2026-03-09T08:30:00.000Z' },
});
const listedAs = (order: string) => ({ via: ['example.org'], order, suggested: true });

test('a team’s space lists the rooms that belong to it, and no longer lists the others', () => {
  const desired = desiredSpace(ref('CareTeam/244'), WISHES, {
    listed: [child('!listed', 31), child('!moved', 7)],
    unlisted: [roomId('!given-up'), roomId('!moved')],
    via: 'example.org',
  });
  expect(desired).toEqual({
    reference: 'CareTeam/244',
    kind: 'space',
    phase: 'open',
    state: [
      { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
      { type: 'm.room.topic', state_key: '', content: { topic: 'For what the care needs' } },
      ...CLOSED,
      ONLY_INVITED,
      {
        ...{ type: 'm.space.child', state_key: '!listed' },
        content: listedAs('2026-03-09T08:30:00.000Z 0000000031'),
      },
      {
        ...{ type: 'm.space.child', state_key: '!moved' },
        content: listedAs('2026-03-09T08:30:00.000Z 0000000007'),
      },
      { type: 'm.space.child', state_key: '!given-up', content: {} },
    ],
    members: MEMBERS,
    entry: { kind: 'invited' },
  });
});

test('a conversation’s room points to its team’s space', () => {
  const space = { roomId: roomId('!space'), via: 'example.org', entry: { kind: 'invited' } as const };
  const wishes = { ...WISHES, phase: 'read-only' as const };
  expect(desiredConversation(ref('CommunicationRequest/Ab-245'), wishes, space)).toEqual({
    reference: 'CommunicationRequest/Ab-245',
    kind: 'conversation',
    phase: 'read-only',
    state: [
      { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
      { type: 'm.room.topic', state_key: '', content: { topic: 'For what the care needs' } },
      ...CLOSED,
      ONLY_INVITED,
      { type: 'm.space.parent', state_key: '!space', content: { via: ['example.org'], canonical: true } },
    ],
    members: MEMBERS,
    entry: { kind: 'invited' },
  });
});

test('a conversation without a space points to none', () => {
  expect(room().state).toEqual([
    { type: 'm.room.name', state_key: '', content: { name: 'Conversation 2025-09-26' } },
    { type: 'm.room.topic', state_key: '', content: { topic: '' } },
    ...CLOSED,
    ONLY_INVITED,
  ]);
});

test('a closed room has no members', () => {
  expect(room({ phase: 'closed', members: MEMBERS }).members).toEqual([]);
});

test.each([
  ['2026-03-09T08:30:00.000Z', '2026-03-09T08:30:00.000Z 0000000031'],
  [undefined, '~ 0000000031'],
])('a space lists a room that began at %s in the order %s', (authoredAt, order) => {
  expect(spaceChild(roomId('!room'), 'example.org', { authoredAt, number: 31 })).toEqual({
    type: 'm.space.child',
    state_key: '!room',
    content: { via: ['example.org'], order, suggested: true },
  });
});

describe('a conversation in which all of the team take part', () => {
  const space = {
    roomId: roomId('!space'),
    via: 'example.org',
    entry: { kind: 'open', to: new Set(['@jan:example.org']) } as const,
  };
  const rulesIn = (phase: 'open' | 'read-only' | 'closed') =>
    desiredConversation(ref('CommunicationRequest/1'), { ...WISHES, phase }, space).state.filter(
      ({ type }) => type === 'm.room.join_rules',
    );

  test('is open to the members of the space, also when nothing more is written in it', () => {
    expect(rulesIn('open')).toEqual([OPEN_TO_SPACE]);
    expect(rulesIn('read-only')).toEqual([OPEN_TO_SPACE]);
  });

  test('is open to no one once it is closed', () => {
    expect(rulesIn('closed')).toEqual([ONLY_INVITED]);
  });
});

test('a room shows the picture of its team', () => {
  const desired = desiredSpace(
    ref('CareTeam/244'),
    { ...WISHES, picture: 'mxc://example.org/1' },
    { listed: [], unlisted: [], via: 'example.org' },
  );
  expect(desired.state).toContainEqual({
    ...{ type: 'm.room.avatar', state_key: '' },
    content: { url: 'mxc://example.org/1' },
  });
});

describe('state that means the same as no state', () => {
  test.each([
    ['m.room.topic', { topic: '' }, true],
    ['m.room.topic', {}, true],
    ['m.room.topic', { topic: 'x' }, false],
    ['m.room.topic', { topic: '', 'm.topic': { 'm.text': [{ body: 'Jan' }] } }, false],
    ['m.room.topic', { topic: '', 'm.topic': { 'm.text': [{ body: '' }] } }, true],
    ['m.space.child', {}, true],
    ['m.space.child', { via: [] }, true],
    ['m.space.child', { via: 'example.org' }, true],
    ['m.space.child', { via: ['example.org'] }, false],
    ['m.space.parent', {}, true],
    ['m.room.name', { name: '' }, false],
  ])('%s %j: %s', (type, content, expected) => {
    expect(isBlank({ type, content })).toBe(expected);
  });
});

const MAKING = { marker: 'm', bot: BOT, alias: '#communicationrequest/245:example.org' as RoomAlias };

describe('createRoom', () => {
  const listing = { listed: [child('!r', 31)], unlisted: [roomId('!old')], via: 'example.org' };

  test('makes a space of version 12 with its ghosts, without empty state', () => {
    const wishes = { ...WISHES, title: { name: 'Care team', topic: '' } };
    const desired = desiredSpace(ref('CareTeam/244'), wishes, listing);
    expect(
      createRoomBody(desired, {
        ...{ marker: 'the marker', bot: BOT, roomVersion: '12' },
        alias: '#careteam/244:example.org' as RoomAlias,
      }),
    ).toEqual({
      room_version: '12',
      room_alias_name: 'careteam/244',
      visibility: 'private',
      preset: 'private_chat',
      creation_content: { type: 'm.space', 'io.github.fhir-matrix-bridge.room': 'the marker' },
      initial_state: [
        { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
        ...CLOSED,
        ONLY_INVITED,
        {
          ...{ type: 'm.space.child', state_key: '!r' },
          content: listedAs('2026-03-09T08:30:00.000Z 0000000031'),
        },
      ],
      power_level_content_override: {
        users: {
          '@doctor:example.org': 75,
          '@_fhir_practitioner_8:example.org': 75,
          '@son:example.org': 50,
        },
        users_default: 25,
        events: {
          'm.room.power_levels': 100,
          'm.room.encryption': 105,
          'm.room.server_acl': 105,
          'm.room.history_visibility': 100,
          'm.room.join_rules': 100,
          'm.room.canonical_alias': 100,
          'm.space.parent': 100,
          'custom.user_mappings': 25,
          'm.room.name': 100,
          'm.room.topic': 100,
          'm.space.child': 50,
          'm.room.tombstone': 150,
        },
        events_default: 100,
        state_default: 100,
        invite: 75,
        kick: 100,
        ban: 100,
        redact: 100,
        notifications: { room: 75 },
      },
      invite: ['@_fhir_practitioner_8:example.org'],
    });
  });

  test('makes a room of version 11, in which the creator must be listed', () => {
    const desired = room({ members: [GHOST] });
    expect(createRoomBody(desired, { ...MAKING, roomVersion: '11' })).toEqual({
      room_version: '11',
      room_alias_name: 'communicationrequest/245',
      visibility: 'private',
      preset: 'private_chat',
      creation_content: { 'io.github.fhir-matrix-bridge.room': 'm' },
      initial_state: [
        { type: 'm.room.name', state_key: '', content: { name: 'Conversation 2025-09-26' } },
        ...CLOSED,
        ONLY_INVITED,
      ],
      power_level_content_override: {
        users: { '@_fhir_bot:example.org': 110, '@_fhir_practitioner_8:example.org': 75 },
        users_default: 25,
        events: {
          'm.room.power_levels': 100,
          'm.room.encryption': 105,
          'm.room.server_acl': 105,
          'm.room.history_visibility': 100,
          'm.room.join_rules': 100,
          'm.room.canonical_alias': 100,
          'm.space.parent': 100,
          'custom.user_mappings': 25,
          'm.room.name': 75,
          'm.room.topic': 75,
          'm.room.message': 25,
          'm.room.encrypted': 25,
          'm.room.redaction': 25,
          'm.reaction': 25,
          'm.sticker': 25,
          'm.poll.start': 25,
          'm.poll.response': 25,
          'm.poll.end': 25,
          'org.matrix.msc3381.poll.start': 25,
          'org.matrix.msc3381.poll.response': 25,
          'org.matrix.msc3381.poll.end': 25,
          'm.room.tombstone': 100,
        },
        events_default: 75,
        state_default: 75,
        invite: 50,
        kick: 75,
        ban: 100,
        redact: 75,
        notifications: { room: 50 },
      },
      invite: ['@_fhir_practitioner_8:example.org'],
    });
  });

  test.each([
    ['7', ONLY_INVITED],
    ['8', OPEN_TO_SPACE],
    ['org.example.unknown', ONLY_INVITED],
  ])('in version %s knows what that version knows of join rules', (roomVersion, expected) => {
    const space = {
      roomId: roomId('!space'),
      via: 'example.org',
      entry: { kind: 'open', to: new Set(['@jan:example.org']) } as const,
    };
    const desired = desiredConversation(ref('CommunicationRequest/1'), WISHES, space);
    expect(createRoomBody(desired, { ...MAKING, roomVersion })['initial_state']).toContainEqual(expected);
  });

  test('invites no person, no ghost twice, and not the creator', () => {
    const bot = member(BOT, { kind: 'ghost' });
    const desired = room({ members: [GHOST, ...MEMBERS, bot] });
    expect(createRoomBody(desired, { ...MAKING, roomVersion: '12' })['invite']).toEqual([GHOST.userId]);
  });
});
