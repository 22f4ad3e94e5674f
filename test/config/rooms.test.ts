// Configuration of rooms: templates that refuse patient data, role levels, where the subject line comes from.
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { roomKeys } from '../../src/config/rooms.ts';
import { TEXTS } from '../../src/mapping/language/languages.ts';
import { faultsOf, LEAST } from '../builders/config.ts';

const NEUTRAL = ': names and topics carry no patient data';

const SPACE = 'expected no variable but {number}, {professionals}, {organization}, {date}';
const ORGANIZATION = `${SPACE}, {name}`;
const CONVERSATION =
  'expected no variable but {number}, {team}, {date}, {time}, {subject}, {professionals}, {organization}';

test.each(Object.values(TEXTS).map(({ rooms }) => rooms))(
  'the names by default stand where the operator reads of the keys: $conversationName',
  ({ spaceName, conversationName }) => {
    expect(roomKeys.spaceName.description).toContain(spaceName);
    expect(roomKeys.conversationName.description).toContain(conversationName);
  },
);

describe('a template with a variable that could name a patient is refused', () => {
  test.each([
    ['SPACE_NAME', 'Team of {patient}', SPACE],
    ['SPACE_NAME', '{name}', SPACE],
    ['SPACE_NAME', '{date} {name}', SPACE],
    ['SPACE_NAME', '{subject}', SPACE],
    ['SPACE_NAME', '{', SPACE],
    ['SPACE_NAME', 'Team {}', SPACE],
    ['SPACE_NAME', '{Date}', SPACE],
    ['SPACE_NAME', '{{date}}', SPACE],
    ['ORGANIZATION_SPACE_NAME', '{patient}', ORGANIZATION],
    ['CONVERSATION_NAME', 'About {patient}', CONVERSATION],
    ['CONVERSATION_NAME', '{name}', CONVERSATION],
    ['CONVERSATION_TOPIC', '{patient}', 'expected no variable but {subject}'],
    ['SPACE_TOPIC', '{date}', 'expected no variable'],
  ])('%s=%s', async (name, template, expected) => {
    const path = `matrix.${name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())}`;
    const [fault, ...others] = await faultsOf(undefined, { ...LEAST, [`BRIDGE_MATRIX_${name}`]: template });
    expect(fault).toContain(`${path}: got "${template}", ${expected}${NEUTRAL} (BRIDGE_MATRIX_${name})`);
    expect(others).toEqual([]);
  });

  test.each([
    ['SPACE_NAME', 'Zorgteam {number} · {professionals} · {organization} · {date}'],
    ['CONVERSATION_NAME', '{team}-{number} · {date} {time} · {professionals} · {organization}'],
    ['ORGANIZATION_SPACE_NAME', '{name}'],
    ['CONVERSATION_NAME', 'Gesprek {date}'],
    ['SPACE_TOPIC', 'Only for what the care needs'],
  ])('%s=%s is fine', async (name, template) => {
    const { matrix } = await loadConfig(undefined, { ...LEAST, [`BRIDGE_MATRIX_${name}`]: template });
    expect(Object.values(matrix)).toContain(template);
  });
});

describe('the subject line', () => {
  test.each([['category'], ['reasonCode'], ['https://example.org/fhir/StructureDefinition/subject']])(
    'may come from %s',
    async (place) => {
      const env = { ...LEAST, BRIDGE_MATRIX_CONVERSATION_SUBJECT: place };
      const { matrix } = await loadConfig(undefined, {
        ...env,
        BRIDGE_MATRIX_CONVERSATION_NAME: '{subject}',
        BRIDGE_MATRIX_CONVERSATION_TOPIC: 'About {subject}',
      });
      expect([matrix.conversationSubject, matrix.conversationName]).toEqual([place, '{subject}']);
    },
  );

  test('comes from no other place', async () => {
    const env = { ...LEAST, BRIDGE_MATRIX_CONVERSATION_SUBJECT: 'payload' };
    expect(await faultsOf(undefined, env)).toEqual([
      expect.stringContaining(
        'matrix.conversationSubject: got "payload", expected none, category, reasonCode, topic or the URL of an extension',
      ),
    ]);
  });

  test('cannot be shown without a configured place', async () => {
    const env = {
      ...LEAST,
      BRIDGE_MATRIX_CONVERSATION_NAME: '{date} {subject}',
      BRIDGE_MATRIX_CONVERSATION_TOPIC: '{subject}',
    };
    expect(await faultsOf(undefined, env)).toEqual([
      'matrix.conversationName: got "{date} {subject}", expected matrix.conversationSubject to say where {subject} is found',
      'matrix.conversationTopic: got "{subject}", expected matrix.conversationSubject to say where {subject} is found',
    ]);
  });
});

describe('threads of Medplum', () => {
  const MEDPLUM = { ...LEAST, BRIDGE_FHIR_THREADS: 'medplum' };

  test('have their topic as subject line', async () => {
    const { matrix } = await loadConfig(undefined, {
      ...MEDPLUM,
      BRIDGE_MATRIX_CONVERSATION_SUBJECT: 'topic',
    });
    expect(matrix.conversationSubject).toBe('topic');
    expect(await faultsOf(undefined, { ...LEAST, BRIDGE_MATRIX_CONVERSATION_SUBJECT: 'topic' })).toEqual([
      'matrix.conversationSubject: got "topic", expected fhir.threads medplum with it: a CommunicationRequest has no topic',
    ]);
  });

  test('do not go with the profiles of OZO, which demand CommunicationRequests', async () => {
    expect(await faultsOf(undefined, { ...MEDPLUM, BRIDGE_FHIR_PROFILE: 'ozo-0.9' })).toEqual([
      'fhir.threads: got "medplum", expected fhir.profile generic with it: ozo-0.9 knows conversations as CommunicationRequests',
    ]);
  });
});

describe('a time zone', () => {
  test.each(['Europe/Amsterdam', 'UTC', 'America/New_York'])('%s', async (timeZone) => {
    const { matrix } = await loadConfig(undefined, { ...LEAST, BRIDGE_MATRIX_TIME_ZONE: timeZone });
    expect(matrix.timeZone).toBe(timeZone);
  });

  test('is one that there is', async () => {
    expect(await faultsOf(undefined, { ...LEAST, BRIDGE_MATRIX_TIME_ZONE: 'Amsterdam' })).toEqual([
      expect.stringContaining(
        'matrix.timeZone: got "Amsterdam", expected a time zone such as Europe/Amsterdam',
      ),
    ]);
  });
});

describe('the template of an alias', () => {
  const withAliases = (space: string, conversation: string) => ({
    ...{ ...LEAST, BRIDGE_MATRIX_SPACE_ALIAS: space, BRIDGE_MATRIX_CONVERSATION_ALIAS: conversation },
  });

  test.each([
    ['careteam-{id}', 'communicationrequest-{id}'],
    ['opaque', 'opaque'],
    ['opaque', 'gesprek_{id}'],
  ])('may be %s, with %s for conversations', async (space, conversation) => {
    const { matrix } = await loadConfig(undefined, withAliases(space, conversation));
    expect([matrix.spaceAlias, matrix.conversationAlias]).toEqual([space, conversation]);
  });

  test.each(['{id}', 'team', 'team {id}', 'team:{id}', '{id}-team', 'team-{id}-{id}', 'team-{name}'])(
    'is not %s: it has fixed text, and then the id',
    async (template) => {
      expect(await faultsOf(undefined, withAliases(template, 'opaque'))).toEqual([
        expect.stringContaining(
          `matrix.spaceAlias: got "${template}", expected opaque, or an alias localpart that ends with {id}`,
        ),
      ]);
    },
  );

  test.each([
    ['care-{id}', 'care-{id}'],
    ['care-{id}', 'care-talk-{id}'],
    ['care-team-{id}', 'care-{id}'],
  ])('gives no alias to two rooms, as %s and %s could', async (space, conversation) => {
    expect(await faultsOf(undefined, withAliases(space, conversation))).toEqual([
      `matrix.conversationAlias: got "${conversation}", expected it to begin otherwise than matrix.spaceAlias, "${space}"`,
    ]);
  });
});

test('the picture of the bot is an upload', async () => {
  const env = { ...LEAST, BRIDGE_MATRIX_BOT_AVATAR: 'https://example.org/bot.png' };
  expect(await faultsOf(undefined, env)).toEqual([
    expect.stringContaining('matrix.botAvatar: got "https://example.org/bot.png", expected an mxc:// URI'),
  ]);
});

describe('role levels from the environment', () => {
  test('are a list in JSON', async () => {
    const { powerLevels } = await loadConfig(undefined, {
      ...LEAST,
      BRIDGE_POWER_LEVELS_ROLES: '[{"system":"s","code":"primary","level":100},{"code":"c","level":60}]',
      BRIDGE_POWER_LEVELS_PRACTITIONER: '60',
    });
    expect(powerLevels).toEqual({
      practitioner: 60,
      organization: 75,
      relatedPerson: 50,
      patient: 25,
      roles: [
        { system: 's', code: 'primary', level: 100 },
        { code: 'c', level: 60 },
      ],
    });
  });

  test.each([
    ['[]', []],
    ['[ { "system": "s", "code": "c", "level": 0 } ]', [{ system: 's', code: 'c', level: 0 }]],
  ])('%s', async (value, expected) => {
    const { powerLevels } = await loadConfig(undefined, { ...LEAST, BRIDGE_POWER_LEVELS_ROLES: value });
    expect(powerLevels.roles).toEqual(expected);
  });

  test.each([
    ['[{"code":"primary","level":100}', /^powerLevels\.roles: got .*expected array/],
    ['[{"code":"primary","level":101}]', /^powerLevels\.roles\.0\.level: got 101, .*<=100/],
    ['[{"code":"primary","level":7.5}]', /^powerLevels\.roles\.0\.level: got 7\.5, .*int/],
    ['[{"code":"primary"}]', /^powerLevels\.roles\.0\.level: got nothing, .*number/],
    ['[{"code":"primary","levels":1,"level":1}]', /^powerLevels\.roles\.0\.levels: no such key/],
    [
      '[{"code":"primary","level":76}]',
      /^powerLevels\.roles\.0\.system: got nothing for "primary", .* above/,
    ],
    ['primary', /^powerLevels\.roles\.0: got "primary", .*object/],
  ])('that are malformed are reported: %s', async (value, expected) => {
    const faults = await faultsOf(undefined, { ...LEAST, BRIDGE_POWER_LEVELS_ROLES: value });
    expect(faults).toEqual([expect.stringMatching(expected)]);
  });
});

test.each([
  ['["a.example", "b.example"]', ['a.example', 'b.example']],
  ['[::1]:8448, b.example', ['[::1]:8448', 'b.example']],
])(
  'a list of names is read in both forms, and an IPv6 address begins no list: %s',
  async (value, expected) => {
    const { matrix } = await loadConfig(undefined, { ...LEAST, BRIDGE_MATRIX_TRUSTED_SERVERS: value });
    expect(matrix.trustedServers).toEqual(expected);
  },
);
