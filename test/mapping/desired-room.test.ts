// Desired rooms, whole: the space of a team and the room of a conversation, their power levels, their creation.
import { describe, expect, test } from 'vitest';
import type { DesiredMember } from '../../src/mapping/desired-room.ts';
import { desiredConversation, desiredSpace, spaceChild } from '../../src/mapping/desired-room.ts';
import { createRoomBody } from '../../src/mapping/fhir-to-matrix/create-room.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, roomId, userId } from '../builders/matrix.ts';

const AROUND = {
  bot: BOT,
  roomVersion: '12',
  names: { space: 'Care team', conversation: 'Conversation {date}' },
};
const member = (id: string, level: number): DesiredMember => ({
  reference: ref('Practitioner/7'),
  userId: userId(id),
  kind: 'user',
  displayName: 'Dr. No',
  level,
});
const MEMBERS = [
  member('@doctor:example.org', 75),
  member('@son:example.org', 50),
  member('@jan:example.org', 25),
];

const CLOSED = [
  { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'invite' } },
  { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'shared' } },
  { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
];
const STRUCTURE = {
  'm.room.power_levels': 100,
  'm.room.encryption': 100,
  'm.room.server_acl': 100,
  'm.room.history_visibility': 100,
  'm.room.join_rules': 100,
  'm.room.canonical_alias': 100,
  'm.space.parent': 100,
  'custom.user_mappings': 25,
};
const SPACE_LEVELS = {
  users_default: 25,
  events: {
    ...STRUCTURE,
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
  users: { '@doctor:example.org': 75, '@son:example.org': 50 },
};
const CONVERSATION_LEVELS = {
  users_default: 25,
  events: {
    ...STRUCTURE,
    'm.room.name': 75,
    'm.room.topic': 75,
    'm.room.message': 25,
    'm.room.encrypted': 25,
    'm.room.redaction': 25,
    'm.reaction': 25,
    'm.sticker': 25,
    'm.room.tombstone': 150,
  },
  events_default: 75,
  state_default: 75,
  invite: 50,
  kick: 75,
  ban: 100,
  redact: 75,
  notifications: { room: 50 },
  users: { '@doctor:example.org': 75, '@son:example.org': 50 },
};

test('a team’s space', () => {
  expect(desiredSpace(ref('CareTeam/244'), MEMBERS, AROUND)).toEqual({
    reference: 'CareTeam/244',
    kind: 'space',
    aliasLocalpart: 'careteam/244',
    roomVersion: '12',
    state: [{ type: 'm.room.name', state_key: '', content: { name: 'Care team' } }, ...CLOSED],
    powerLevels: SPACE_LEVELS,
    members: MEMBERS,
  });
});

test('a conversation’s room', () => {
  const space = { roomId: roomId('!space'), via: 'example.org' };
  const desired = desiredConversation(ref('CommunicationRequest/245'), MEMBERS, AROUND, {
    authoredOn: '2025-09-26T09:30:15+02:00',
    space,
  });
  expect(desired).toEqual({
    reference: 'CommunicationRequest/245',
    kind: 'conversation',
    aliasLocalpart: 'communicationrequest/245',
    roomVersion: '12',
    state: [
      { type: 'm.room.name', state_key: '', content: { name: 'Conversation 2025-09-26' } },
      ...CLOSED,
      { type: 'm.space.parent', state_key: '!space', content: { via: ['example.org'], canonical: true } },
    ],
    powerLevels: CONVERSATION_LEVELS,
    members: MEMBERS,
  });
});

test('a conversation without date and space has neither', () => {
  const desired = desiredConversation(ref('CommunicationRequest/245'), [], AROUND, {});
  expect(desired.state).toEqual([
    { type: 'm.room.name', state_key: '', content: { name: 'Conversation' } },
    ...CLOSED,
  ]);
});

test('a space lists a room as its child', () => {
  expect(spaceChild(roomId('!room'), 'example.org')).toEqual({
    type: 'm.space.child',
    state_key: '!room',
    content: { via: ['example.org'], suggested: true },
  });
});

describe('power levels by room version', () => {
  const levels = (roomVersion: string, members = MEMBERS) =>
    desiredSpace(ref('CareTeam/1'), members, { ...AROUND, roomVersion }).powerLevels;

  test.each(['1', '9', '11'])('%s: the bot is listed above the lead, a tombstone takes 100', (version) => {
    expect(levels(version)).toEqual({
      ...SPACE_LEVELS,
      events: { ...SPACE_LEVELS.events, 'm.room.tombstone': 100 },
      users: { '@_fhir_bot:example.org': 110, '@doctor:example.org': 75, '@son:example.org': 50 },
    });
  });

  test.each(['12', '13'])('%s: the creator must not be listed, a tombstone takes 150', (version) => {
    expect(levels(version)).toEqual(SPACE_LEVELS);
  });

  test('a team that names the bot’s own account gives it no other level', () => {
    expect(levels('11', [member(BOT, 25)]).users).toEqual({ [BOT]: 110 });
    expect(levels('12', [member(BOT, 75)]).users).toEqual({});
  });
});

describe('createRoom', () => {
  test('makes a space', () => {
    const desired = desiredSpace(ref('CareTeam/244'), MEMBERS, AROUND);
    expect(createRoomBody(desired, 'marker')).toEqual({
      room_version: '12',
      room_alias_name: 'careteam/244',
      visibility: 'private',
      preset: 'private_chat',
      creation_content: { type: 'm.space', 'io.github.fhir-matrix-bridge.room': 'marker' },
      initial_state: desired.state,
      power_level_content_override: SPACE_LEVELS,
    });
  });

  test('makes a room, and invites nobody before it is whole', () => {
    const body = createRoomBody(
      desiredConversation(ref('CommunicationRequest/245'), MEMBERS, AROUND, {}),
      'm',
    );
    expect(body['creation_content']).toEqual({ 'io.github.fhir-matrix-bridge.room': 'm' });
    expect(body).not.toHaveProperty('invite');
  });
});
