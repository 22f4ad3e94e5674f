// Names of spaces, rooms and people by the operator's templates.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findPersonalData } from '../builders/personal-data.ts';
import { aliases, organizationalTeam, request, team } from './care.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

describe.skipIf(inject('stackMissing') !== undefined)('names by templates', () => {
  let context: TestContext;
  let bot: BotView;
  beforeAll(async () => {
    context = await startContext({
      BRIDGE_MATRIX_SPACE_NAME: 'Team of {date}',
      BRIDGE_MATRIX_SPACE_TOPIC: 'For care only',
      BRIDGE_MATRIX_ORGANIZATION_SPACE_NAME: '{name}',
      BRIDGE_MATRIX_CONVERSATION_SUBJECT: 'category',
      BRIDGE_MATRIX_CONVERSATION_NAME: '{subject}',
      BRIDGE_MATRIX_USER_MAPPINGS: 'all',
      BRIDGE_PEOPLE_NAME_POLICY: 'role',
    });
    bot = botView();
  });
  afterAll(async () => {
    await context.end();
  });

  test('a team about a patient has the name and topic of the templates, whatever its own name is', async () => {
    const { prefix, platform } = context;
    const participants = [`RelatedPerson/${prefix}daughter`, `Patient/${prefix}client`];
    await platform.put(
      team(prefix, `${prefix}named`, participants, { period: { start: '2026-02-01T10:00:00Z' } }),
    );
    const spaceId = await bot.await(aliases.space(`${prefix}named`));
    const daughter = ghostOf(`RelatedPerson/${prefix}daughter`);
    const client = ghostOf(`Patient/${prefix}client`);
    await eventually(() => bot.state(spaceId)).toMatchObject({
      'm.room.name ': { name: 'Team of 2026-02-01' },
      'm.room.topic ': expect.objectContaining({ topic: 'For care only' }) as object,
      [`m.room.member ${daughter}`]: { membership: 'join', displayname: 'Relative' },
      [`m.room.member ${client}`]: { membership: 'join', displayname: 'Client' },
      [`custom.user_mappings ${daughter}`]: { fhirRef: `RelatedPerson/${prefix}daughter` },
      [`custom.user_mappings ${client}`]: { fhirRef: `Patient/${prefix}client` },
    });
    expect(findPersonalData(JSON.stringify(await bot.state(spaceId)))).toEqual([]);
  });

  test('a team without a patient has its own name, and follows it', async () => {
    const { prefix, platform, nurse } = context;
    const members = [`Practitioner/${prefix}nurse`];
    await platform.put(organizationalTeam(`${prefix}clinic`, 'Pharmacy The Linden', members));
    const spaceId = await nurse.join(aliases.space(`${prefix}clinic`));
    expect((await bot.state(spaceId))['m.room.name ']).toEqual({ name: 'Pharmacy The Linden' });
    await platform.put(organizationalTeam(`${prefix}clinic`, 'Pharmacy The Oak', members));
    await eventually(async () => (await bot.state(spaceId))['m.room.name ']).toEqual({
      name: 'Pharmacy The Oak',
    });
  });

  test('the room of a CommunicationRequest has the subject line from where the operator vouches for it, of 50 characters at most, as its name, and follows it', async () => {
    const { platform, prefix } = context;
    await platform.put(team(prefix, `${prefix}subject-team`, [`RelatedPerson/${prefix}daughter`]));
    const put = (category: readonly object[]): Promise<unknown> =>
      platform.put(request(prefix, `${prefix}subject`, [`CareTeam/${prefix}subject-team`], { category }));
    await put([{ text: 'Wound care at the heel' }]);
    const roomId = await bot.await(aliases.room(`${prefix}subject`));
    const name = async (): Promise<unknown> => (await bot.state(roomId))['m.room.name '];
    await eventually(name).toEqual({ name: 'Wound care at the heel' });

    await put([{ text: 'Wound care at the heel, twice a day for as long as it takes' }]);
    await eventually(name).toEqual({ name: 'Wound care at the heel, twice a day for as long a…' });
    await put([]);
    await eventually(name).toEqual({
      name: expect.stringMatching(/^Conversation \d+ · 2026-03-09 09:30$/) as unknown,
    });
  });
});
