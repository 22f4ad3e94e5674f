// Content of m.room.power_levels, whole: by kind of room, phase and room version.
import { describe, expect, test } from 'vitest';
import type { PowerLevels } from '../../src/domain/matrix.ts';
import { attainablePowerLevels } from '../../src/mapping/attainable-power.ts';
import { explicitPowerLevels, powerLevels } from '../../src/mapping/power-levels.ts';
import { BOT, userId } from '../builders/matrix.ts';

const PEOPLE = [
  { userId: userId('@lead:example.org'), level: 100 },
  { userId: userId('@doctor:example.org'), level: 75 },
  { userId: userId('@jan:example.org'), level: 25 },
];
const LISTED = { '@lead:example.org': 100, '@doctor:example.org': 75 };

const SPACE: PowerLevels = {
  users: LISTED,
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
};
const SILENT_SPACE: PowerLevels = {
  users: LISTED,
  users_default: 25,
  events: {
    'm.room.power_levels': 105,
    'm.room.encryption': 105,
    'm.room.server_acl': 105,
    'm.room.history_visibility': 105,
    'm.room.join_rules': 105,
    'm.room.canonical_alias': 105,
    'm.space.parent': 105,
    'custom.user_mappings': 25,
    'm.room.name': 105,
    'm.room.topic': 105,
    'm.space.child': 105,
    'm.room.tombstone': 150,
  },
  events_default: 105,
  state_default: 105,
  invite: 105,
  kick: 105,
  ban: 105,
  redact: 105,
  notifications: { room: 75 },
};
const CONVERSATION: PowerLevels = {
  users: LISTED,
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
    'm.room.tombstone': 150,
  },
  events_default: 75,
  state_default: 75,
  invite: 50,
  kick: 75,
  ban: 100,
  redact: 75,
  notifications: { room: 50 },
};
const SILENT_CONVERSATION: PowerLevels = {
  users: LISTED,
  users_default: 25,
  events: {
    'm.room.power_levels': 105,
    'm.room.encryption': 105,
    'm.room.server_acl': 105,
    'm.room.history_visibility': 105,
    'm.room.join_rules': 105,
    'm.room.canonical_alias': 105,
    'm.space.parent': 105,
    'custom.user_mappings': 25,
    'm.room.name': 105,
    'm.room.topic': 105,
    'm.room.message': 105,
    'm.room.encrypted': 105,
    'm.room.redaction': 105,
    'm.reaction': 105,
    'm.sticker': 105,
    'm.poll.start': 105,
    'm.poll.response': 105,
    'm.poll.end': 105,
    'org.matrix.msc3381.poll.start': 105,
    'org.matrix.msc3381.poll.response': 105,
    'org.matrix.msc3381.poll.end': 105,
    'm.room.tombstone': 150,
  },
  events_default: 105,
  state_default: 105,
  invite: 105,
  kick: 105,
  ban: 105,
  redact: 105,
  notifications: { room: 50 },
};

/** Before version 12 the bot is listed, above the lead and what is nobody's; a tombstone is for the lead, or nobody. */
const asOfVersion11 = (levels: PowerLevels, tombstone: number): PowerLevels => ({
  ...levels,
  users: { '@_fhir_bot:example.org': 110, ...levels.users },
  events: { ...levels.events, 'm.room.tombstone': tombstone },
});

const around = (roomVersion: string, people = PEOPLE) => ({ roomVersion, bot: BOT, people });

describe('by kind, phase and room version', () => {
  test.each([
    ['space', 'open', '12', SPACE],
    ['space', 'open', '11', asOfVersion11(SPACE, 100)],
    ['space', 'read-only', '12', SILENT_SPACE],
    ['space', 'read-only', '11', asOfVersion11(SILENT_SPACE, 105)],
    ['space', 'closed', '12', SILENT_SPACE],
    ['space', 'closed', '11', asOfVersion11(SILENT_SPACE, 105)],
    ['conversation', 'open', '12', CONVERSATION],
    ['conversation', 'open', '11', asOfVersion11(CONVERSATION, 100)],
    ['conversation', 'read-only', '12', SILENT_CONVERSATION],
    ['conversation', 'read-only', '11', asOfVersion11(SILENT_CONVERSATION, 105)],
    ['conversation', 'closed', '12', SILENT_CONVERSATION],
    ['conversation', 'closed', '11', asOfVersion11(SILENT_CONVERSATION, 105)],
  ] as const)('%s, %s, room version %s', (kind, phase, roomVersion, expected) => {
    expect(powerLevels({ kind, phase }, around(roomVersion))).toEqual(expected);
  });

  test.each([
    ['1', true],
    ['10', true],
    ['13', false],
  ])('room version %s lists the bot: %s', (roomVersion, isListed) => {
    const { users } = powerLevels({ kind: 'space', phase: 'open' }, around(roomVersion));
    expect(Object.hasOwn(users, BOT)).toBe(isListed);
  });
});

describe('who is listed', () => {
  const OPEN = { kind: 'conversation', phase: 'open' } as const;

  test('a person with the bot’s own account does not change its level', () => {
    expect(powerLevels(OPEN, around('11', [{ userId: BOT, level: 25 }])).users).toEqual({ [BOT]: 110 });
    expect(powerLevels(OPEN, around('12', [{ userId: BOT, level: 75 }])).users).toEqual({});
  });

  test.each([
    [75, 25],
    [25, 75],
  ])('an account of two people has the higher level, in both orders: %i, %i', (...levels) => {
    const people = levels.map((level) => ({ userId: userId('@a:h'), level }));
    expect(powerLevels(OPEN, around('12', people)).users).toEqual({ '@a:h': 75 });
  });

  test('from version 12 on, the creators of a room of others are not listed, and the bot is', () => {
    const creators = ['@lead:example.org'];
    expect(powerLevels(OPEN, { ...around('12'), creators }).users).toEqual({
      '@_fhir_bot:example.org': 110,
      '@doctor:example.org': 75,
    });
    expect(powerLevels(OPEN, { ...around('11'), creators }).users).toEqual({
      '@_fhir_bot:example.org': 110,
      '@lead:example.org': 100,
      '@doctor:example.org': 75,
    });
  });

  test('the explicit form lists everyone', () => {
    expect(explicitPowerLevels(OPEN, around('12')).users).toEqual({ ...LISTED, '@jan:example.org': 25 });
  });
});

describe('in a room that a user made, with a bot that has', () => {
  const MADE = { sender: '@maker:h', content: { room_version: '11' } };
  const wanted = powerLevels({ kind: 'conversation', phase: 'open' }, around('11'));
  const UP_TO_100 = { 'm.room.encryption': 100, 'm.room.server_acl': 100 };
  const attainable = (
    actual: Readonly<Record<string, unknown>>,
    create = MADE,
  ): Readonly<Record<string, unknown>> | undefined => attainablePowerLevels(wanted, actual, create, BOT);

  test('100: everything is set up to 100; users with 100 keep it, others lose levels that the mapping does not give', () => {
    const users = { '@maker:h': 100, '@lead:h': 99, '@muted:h': -1, [BOT]: 100 };
    expect(attainable({ users, events: { 'm.room.avatar': 50, 'x.high': 101 }, historical: 100 })).toEqual({
      ...wanted,
      users: { '@maker:h': 100, [BOT]: 100, ...LISTED },
      events: { ...wanted.events, ...UP_TO_100, 'x.high': 101 },
      historical: 100,
    });
  });

  test('50, too little to change the levels: nothing is set', () => {
    expect(attainable({ users: { '@maker:h': 100, [BOT]: 50 }, state_default: 75 })).toBeUndefined();
  });

  test('50, enough to change the levels: everything is set up to 50, and no higher required level is lowered', () => {
    const users = { '@maker:h': 100, '@doctor:example.org': 50, '@lead:example.org': 10, [BOT]: 50 };
    const actual = { users, events: { 'm.room.power_levels': 50 }, state_default: 60, ban: 90 };
    expect(attainable(actual)).toEqual({
      users: { '@maker:h': 100, '@doctor:example.org': 50, '@lead:example.org': 50, [BOT]: 50 },
      users_default: 25,
      events: {
        'm.room.power_levels': 50,
        'custom.user_mappings': 25,
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
      },
      events_default: 50,
      state_default: 60,
      invite: 50,
      kick: 50,
      ban: 90,
      redact: 50,
      notifications: { room: 50 },
    });
  });

  test('its level by users_default: it lists itself before it lowers the default', () => {
    expect(attainable({ users: { '@maker:h': 100 }, users_default: 100 })?.['users']).toEqual({
      '@maker:h': 100,
      [BOT]: 100,
      ...LISTED,
    });
  });

  test('less than users_default: members are listed with their levels, so that none gets the default', () => {
    const people = [{ userId: userId('@jan:example.org'), level: 25 }];
    const explicit = explicitPowerLevels({ kind: 'conversation', phase: 'open' }, around('11', people));
    const actual = { users: { [BOT]: 50, '@muted:h': 0 }, users_default: 60, state_default: 50 };
    expect(attainablePowerLevels(explicit, actual, MADE, BOT)).toMatchObject({
      users: { [BOT]: 50, '@muted:h': 25, '@jan:example.org': 25 },
      users_default: 60,
    });
  });

  test('levels as strings, as up to room version 9: they count', () => {
    const create = { sender: '@maker:h', content: { room_version: '9' } };
    const users = { '@maker:h': '100', [BOT]: ' 100 ' };
    expect(attainable({ users }, create)?.['users']).toEqual({ '@maker:h': 100, [BOT]: 100, ...LISTED });
  });

  test('a type with the name of a JavaScript property: it is handled like any other', () => {
    const actual = JSON.parse(
      '{ "events": { "constructor": 0, "__proto__": 0, "toString": 101 } }',
    ) as object;
    const levels = attainable({ ...actual, users: { [BOT]: 100 } });
    expect(JSON.parse(JSON.stringify(levels?.['events']))).toEqual({
      ...wanted.events,
      ...UP_TO_100,
      toString: 101,
    });
  });

  test('all power, as a creator in version 12: everything is set', () => {
    const create = { sender: '@maker:h', content: { room_version: '12', additional_creators: [BOT] } };
    const actual = { users: { '@doctor:example.org': 100, '@other:h': 150 }, ban: 1000, historical: 100 };
    const creators = ['@maker:h', BOT];
    const all = powerLevels({ kind: 'conversation', phase: 'open' }, { ...around('12'), creators });
    expect(attainablePowerLevels(all, actual, create, BOT)).toEqual({ ...CONVERSATION, historical: 100 });
  });
});
