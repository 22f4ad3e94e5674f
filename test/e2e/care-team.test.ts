// A CareTeam and a CommunicationRequest become a space and a room: their whole state, by both kinds of room version.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findPersonalData } from '../builders/personal-data.ts';
import { aliases, practitioner, putAndSettle, request, team } from './care.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

const marker = expect.stringMatching(/^[0-9a-z]{32}$/) as unknown;
const picture = expect.stringMatching(/^mxc:\/\//) as unknown;
const named = (pattern: RegExp) => ({ name: expect.stringMatching(pattern) as unknown });

/** In version 12 the bot is above all levels and may not be listed; in 11 it is above the lead. */
const VERSIONS = [
  { version: '12', botIn: () => ({}), tombstone: 150 },
  {
    version: '11',
    botIn: (bot: string) => ({ [bot]: 110 }),
    tombstone: 100,
  },
] as const;

describe.skipIf(inject('stackMissing') !== undefined).each(VERSIONS)(
  'a care team in rooms of version $version',
  ({ version, botIn, tombstone }) => {
    let context: TestContext;
    let bot: BotView;
    let gp: string;
    let daughter: string;
    let client: string;
    let spaceId: string;
    let roomId: string;
    beforeAll(async () => {
      context = await startContext({ BRIDGE_MATRIX_ROOM_VERSION: version });
      bot = botView();
      const { prefix, platform, nurse } = context;
      [gp, daughter, client] = [
        ghostOf(`Practitioner/${prefix}gp`),
        ghostOf(`RelatedPerson/${prefix}daughter`),
        ghostOf(`Patient/${prefix}client`),
      ];
      await writeGeneralPractitioner();
      await platform.put(
        team(prefix, `${prefix}team`, [
          { reference: `PractitionerRole/${prefix}gp-role`, role: 'primary' },
          `Practitioner/${prefix}nurse`,
          `RelatedPerson/${prefix}daughter`,
          `Patient/${prefix}client`,
        ]),
      );
      await platform.put(request(prefix, `${prefix}talk`, [`CareTeam/${prefix}team`]));
      spaceId = await nurse.join(aliases.space(`${prefix}team`));
      roomId = await nurse.join(aliases.room(`${prefix}talk`));
      await nurse.hear(roomId, 'The first message');
      await awaitIdle(context.bridge);
    });
    afterAll(async () => {
      await context.end();
    });

    /** A general practitioner with every number and address that a professional has. */
    async function writeGeneralPractitioner(): Promise<void> {
      const { prefix, platform } = context;
      await platform.put({
        ...practitioner(`${prefix}gp`, 'Gerda Prins'),
        identifier: [
          { system: 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers', value: '12345678' },
          { system: 'http://fhir.nl/fhir/NamingSystem/bsn', value: '999990032' },
        ],
      });
      await platform.put({
        resourceType: 'Organization',
        id: `${prefix}practice`,
        name: 'De Linde',
        identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/ura', value: '90000123' }],
      });
      await platform.put({
        resourceType: 'PractitionerRole',
        id: `${prefix}gp-role`,
        practitioner: { reference: `Practitioner/${prefix}gp` },
        organization: { reference: `Organization/${prefix}practice` },
        code: [{ coding: [{ system: 'http://snomed.info/sct', code: '158965000' }] }],
        telecom: [{ system: 'email', value: 'prins@delinde.example' }],
      });
    }

    test('the members of the space are those of the team, and the bot', async () => {
      const everybody = {
        [bot.userId]: 'join',
        [gp]: 'join',
        [context.nurse.userId]: 'join',
        [daughter]: 'join',
        [client]: 'join',
      };
      await eventually(() => bot.members(spaceId)).toEqual(everybody);
      await eventually(() => bot.members(roomId)).toEqual(everybody);
    });

    test('the whole state of the space is as designed', async () => {
      const { nurse, prefix, serverName } = context;
      expect(await bot.state(spaceId)).toEqual({
        'm.room.create ': {
          type: 'm.space',
          room_version: version,
          'io.github.fhir-matrix-bridge.room': marker,
        },
        'm.room.power_levels ': {
          users: { ...botIn(bot.userId), [gp]: 100, [nurse.userId]: 75, [daughter]: 50 },
          users_default: 25,
          events: {
            'm.room.power_levels': 100,
            'm.room.encryption': 105,
            'm.room.server_acl': 105,
            'm.room.history_visibility': 100,
            'm.room.join_rules': 100,
            'm.room.canonical_alias': 100,
            'm.room.tombstone': tombstone,
            'm.room.name': 100,
            'm.room.topic': 100,
            'm.space.parent': 100,
            'm.space.child': 50,
            'custom.user_mappings': 25,
          },
          events_default: 100,
          state_default: 100,
          invite: 75,
          kick: 100,
          ban: 100,
          redact: 100,
          notifications: { room: 75 },
          historical: 100,
        },
        'm.room.name ': named(/^Care team \d+ · Gerda Prins, Nurse Noor Bakker$/),
        'm.room.avatar ': { url: picture },
        'm.room.join_rules ': { join_rule: 'invite' },
        'm.room.history_visibility ': { history_visibility: 'shared' },
        'm.room.guest_access ': { guest_access: 'forbidden' },
        'm.room.server_acl ': { allow: ['localhost', serverName], allow_ip_literals: false, deny: [] },
        'm.room.canonical_alias ': { alias: `#careteam/${prefix}team:${serverName}` },
        [`m.space.child ${roomId}`]: {
          ...{ via: [serverName], suggested: true },
          order: expect.stringMatching(/^2026-03-09T08:30:00\.000Z \d{10}$/) as unknown,
        },
        ...membersOfBoth(),
      });
    });

    test('the whole state of the conversation’s room is as designed', async () => {
      const { nurse, prefix, serverName } = context;
      expect(await bot.state(roomId)).toEqual({
        'm.room.create ': { room_version: version, 'io.github.fhir-matrix-bridge.room': marker },
        'm.room.power_levels ': {
          users: { ...botIn(bot.userId), [gp]: 100, [nurse.userId]: 75, [daughter]: 50 },
          users_default: 25,
          events: {
            'm.room.power_levels': 100,
            'm.room.encryption': 105,
            'm.room.server_acl': 105,
            'm.room.history_visibility': 100,
            'm.room.join_rules': 100,
            'm.room.canonical_alias': 100,
            'm.room.tombstone': tombstone,
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
            'm.space.parent': 100,
            'custom.user_mappings': 25,
          },
          events_default: 75,
          state_default: 75,
          invite: 50,
          kick: 75,
          ban: 100,
          redact: 75,
          notifications: { room: 50 },
          historical: 100,
        },
        'm.room.name ': named(/^Conversation \d+ · team \d+ · 2026-03-09 09:30$/),
        'm.room.avatar ': { url: picture },
        'm.room.join_rules ': {
          join_rule: 'restricted',
          allow: [{ type: 'm.room_membership', room_id: spaceId }],
        },
        'm.room.history_visibility ': { history_visibility: 'shared' },
        'm.room.guest_access ': { guest_access: 'forbidden' },
        'm.room.server_acl ': { allow: ['localhost', serverName], allow_ip_literals: false, deny: [] },
        'm.room.canonical_alias ': { alias: `#communicationrequest/${prefix}talk:${serverName}` },
        [`m.space.parent ${spaceId}`]: { via: [serverName], canonical: true },
        ...membersOfBoth(),
      });
    });

    test('no state says who the patient is, though the CareTeam bears their name', async () => {
      const { name } = await context.platform.read(`CareTeam/${context.prefix}team`);
      expect(name).toBe('Zorgnetwerk Johannus de Vreeswijkhof');
      const state = [await bot.state(spaceId), await bot.state(roomId)];
      expect(findPersonalData(JSON.stringify(state))).toEqual([]);
    });

    test('a second CareTeam version that says the same writes nothing to its space', async () => {
      const { platform, prefix } = context;
      const sameTeam = (await platform.read(`CareTeam/${prefix}team`)) as ReturnType<typeof team>;
      const before = await eventIds();
      await putAndSettle(context, { ...sameTeam, category: [{ text: 'Palliative care' }] });
      expect(await eventIds()).toEqual(before);
    });

    async function eventIds(): Promise<readonly unknown[]> {
      const { body } = await bot.ask('GET', `rooms/${encodeURIComponent(spaceId)}/state`);
      return (body as unknown as readonly { event_id: string }[]).map(({ event_id: id }) => id).toSorted();
    }

    /** Of professionals the mapping is public; of the patient and the relative there is none. */
    function membersOfBoth(): Readonly<Record<string, unknown>> {
      const { nurse, prefix } = context;
      return {
        [`m.room.member ${bot.userId}`]: {
          ...{ membership: 'join', displayname: 'Zorgplatform', avatar_url: picture },
        },
        [`m.room.member ${gp}`]: { membership: 'join', displayname: 'Gerda Prins' },
        [`m.room.member ${nurse.userId}`]: { membership: 'join', displayname: 'Noor' },
        [`m.room.member ${daughter}`]: { membership: 'join', displayname: 'K.D.V. (relative)' },
        [`m.room.member ${client}`]: { membership: 'join', displayname: 'J.D.V. (client)' },
        [`custom.user_mappings ${gp}`]: {
          fhirRef: `Practitioner/${prefix}gp`,
          uraNr: '90000123',
          uziNr: '012345678',
          roleCode: '158965000',
        },
      };
    }
  },
);
