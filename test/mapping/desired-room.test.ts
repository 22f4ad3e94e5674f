// Desired rooms, whole: the space of a team and the room of a conversation, and what createRoom is told of them.
import { describe, expect, test } from 'vitest';
import { desiredConversation, desiredSpace, isBlank, spaceChild } from '../../src/mapping/desired-room.ts';
import { createRoomBody } from '../../src/mapping/fhir-to-matrix/create-room.ts';
import { member, room } from '../builders/desired-room.ts';
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
  roomVersion: '12',
  title: { name: 'Care team', topic: 'For what the care needs' },
  members: MEMBERS,
};

const CLOSED = [
  { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'invite' } },
  { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'shared' } },
  { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
];

test('a team’s space lists the rooms that belong to it, and no longer lists the others', () => {
  const desired = desiredSpace(ref('CareTeam/244'), WISHES, {
    listed: [roomId('!listed'), roomId('!moved')],
    unlisted: [roomId('!given-up'), roomId('!moved')],
    via: 'example.org',
  });
  expect(desired).toEqual({
    reference: 'CareTeam/244',
    kind: 'space',
    phase: 'open',
    aliasLocalpart: 'careteam/244',
    roomVersion: '12',
    state: [
      { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
      { type: 'm.room.topic', state_key: '', content: { topic: 'For what the care needs' } },
      ...CLOSED,
      { type: 'm.space.child', state_key: '!listed', content: { via: ['example.org'], suggested: true } },
      { type: 'm.space.child', state_key: '!moved', content: { via: ['example.org'], suggested: true } },
      { type: 'm.space.child', state_key: '!given-up', content: {} },
    ],
    members: MEMBERS,
  });
});

test('a conversation’s room points to its team’s space', () => {
  const space = { roomId: roomId('!space'), via: 'example.org' };
  const wishes = { ...WISHES, phase: 'read-only' as const, roomVersion: '11' };
  expect(desiredConversation(ref('CommunicationRequest/Ab-245'), wishes, space)).toEqual({
    reference: 'CommunicationRequest/Ab-245',
    kind: 'conversation',
    phase: 'read-only',
    aliasLocalpart: 'communicationrequest/Ab-245',
    roomVersion: '11',
    state: [
      { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
      { type: 'm.room.topic', state_key: '', content: { topic: 'For what the care needs' } },
      ...CLOSED,
      { type: 'm.space.parent', state_key: '!space', content: { via: ['example.org'], canonical: true } },
    ],
    members: MEMBERS,
  });
});

test('a conversation without a space points to none', () => {
  expect(room().state).toEqual([
    { type: 'm.room.name', state_key: '', content: { name: 'Conversation 2025-09-26' } },
    { type: 'm.room.topic', state_key: '', content: { topic: '' } },
    ...CLOSED,
  ]);
});

test('a closed room has no members', () => {
  expect(room({ phase: 'closed', members: MEMBERS }).members).toEqual([]);
});

test('a space lists a room as its child', () => {
  expect(spaceChild(roomId('!room'), 'example.org')).toEqual({
    type: 'm.space.child',
    state_key: '!room',
    content: { via: ['example.org'], suggested: true },
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

describe('createRoom', () => {
  const listing = { listed: [roomId('!r')], unlisted: [roomId('!old')], via: 'example.org' };

  test('makes a space of version 12 with its ghosts, without empty state', () => {
    const wishes = { ...WISHES, title: { name: 'Care team', topic: '' } };
    const desired = desiredSpace(ref('CareTeam/244'), wishes, listing);
    expect(createRoomBody(desired, { marker: 'the marker', bot: BOT })).toEqual({
      room_version: '12',
      room_alias_name: 'careteam/244',
      visibility: 'private',
      preset: 'private_chat',
      creation_content: { type: 'm.space', 'io.github.fhir-matrix-bridge.room': 'the marker' },
      initial_state: [
        { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
        ...CLOSED,
        { type: 'm.space.child', state_key: '!r', content: { via: ['example.org'], suggested: true } },
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
          'm.room.encryption': 100,
          'm.room.server_acl': 100,
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
    const desired = room({ roomVersion: '11', members: [GHOST] });
    expect(createRoomBody(desired, { marker: 'm', bot: BOT })).toEqual({
      room_version: '11',
      room_alias_name: 'communicationrequest/245',
      visibility: 'private',
      preset: 'private_chat',
      creation_content: { 'io.github.fhir-matrix-bridge.room': 'm' },
      initial_state: [
        { type: 'm.room.name', state_key: '', content: { name: 'Conversation 2025-09-26' } },
        ...CLOSED,
      ],
      power_level_content_override: {
        users: { '@_fhir_bot:example.org': 110, '@_fhir_practitioner_8:example.org': 75 },
        users_default: 25,
        events: {
          'm.room.power_levels': 100,
          'm.room.encryption': 100,
          'm.room.server_acl': 100,
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

  test('invites no person, no ghost twice, and not the creator', () => {
    const bot = member(BOT, { kind: 'ghost' });
    const desired = room({ members: [GHOST, ...MEMBERS, bot] });
    expect(createRoomBody(desired, { marker: 'm', bot: BOT })['invite']).toEqual([GHOST.userId]);
  });
});
