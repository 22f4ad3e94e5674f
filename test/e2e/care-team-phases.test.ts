// A CareTeam's status opens, silences and closes its space; names of spaces and people by the operator's templates.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitUntil } from '../../stack/wait.ts';
import { findPersonalData } from '../builders/personal-data.ts';
import { aliases, organizationalTeam, practitioner, putAndSettle, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

const isMissing = inject('stackMissing') !== undefined;

describe.skipIf(isMissing)('the status of a care team', () => {
  let context: TestContext;
  let bot: BotView;
  let lead: Awaited<ReturnType<typeof startUser>>;
  beforeAll(async () => {
    context = await startContext();
    bot = botView();
    lead = await startUser(context, 'lead');
    await context.platform.put(practitioner(`${context.prefix}lead`, 'Leo Lead', lead.userId));
  });
  afterAll(async () => {
    lead.leaveClient();
    await context.end();
  });

  const teamIn = (name: string, status: string): ReturnType<typeof team> =>
    team(
      context.prefix,
      `${context.prefix}${name}`,
      [
        { reference: `Practitioner/${context.prefix}lead`, role: 'primary' },
        `RelatedPerson/${context.prefix}daughter`,
      ],
      { status },
    );
  const put = async (name: string, status: string): Promise<void> => {
    await context.platform.put(teamIn(name, status));
  };
  const aliasOf = (name: string): string => aliases.space(`${context.prefix}${name}`);
  const everybody = (): object => ({
    [bot.userId]: 'join',
    [lead.userId]: 'join',
    [ghostOf(`RelatedPerson/${context.prefix}daughter`)]: 'join',
  });
  const nobody = (): object => ({
    [bot.userId]: 'join',
    [lead.userId]: 'leave',
    [ghostOf(`RelatedPerson/${context.prefix}daughter`)]: 'leave',
  });
  /** A change that a lead may make in an open space, and that lists nothing; equal ones would be no change. */
  const change = (spaceId: string): Promise<unknown> => {
    changes += 1;
    const content = { order: String(changes) };
    return lead.client.sendStateEvent(spaceId, 'm.space.child' as never, content as never, '!none:localhost');
  };
  /** Until then the client believes that it is in, and waits for no invitation. */
  const leadSeesThatTheyLeft = (spaceId: string): Promise<true> =>
    waitUntil(() => lead.client.getRoom(spaceId)?.getMyMembership() === 'leave', {
      what: 'the lead’s client sees that they left',
      timeoutMs: 30_000,
    });
  let changes = 0;
  const levels = async (spaceId: string): Promise<unknown> =>
    (await bot.state(spaceId))['m.room.power_levels '];

  test('a proposed team has no space until it is active', async () => {
    await putAndSettle(context, teamIn('proposed', 'proposed'));
    expect(await bot.find(aliasOf('proposed'))).toBeUndefined();
    await put('proposed', 'active');
    await lead.join(aliasOf('proposed'));
  });

  test('a suspended team’s space is read and not changed, until it is active again', async () => {
    await put('paused', 'active');
    const spaceId = await lead.join(aliasOf('paused'));
    await eventually(() => bot.members(spaceId)).toEqual(everybody());
    await change(spaceId);

    await putAndSettle(context, teamIn('paused', 'suspended'));
    expect(await levels(spaceId)).toEqual({
      users: { [lead.userId]: 100, [ghostOf(`RelatedPerson/${context.prefix}daughter`)]: 50 },
      users_default: 25,
      events: {
        'm.room.power_levels': 105,
        'm.room.encryption': 105,
        'm.room.server_acl': 105,
        'm.room.history_visibility': 105,
        'm.room.join_rules': 105,
        'm.room.canonical_alias': 105,
        'm.room.tombstone': 150,
        'm.room.name': 105,
        'm.room.topic': 105,
        'm.space.parent': 105,
        'm.space.child': 105,
        'custom.user_mappings': 25,
      },
      events_default: 105,
      state_default: 105,
      invite: 105,
      kick: 105,
      ban: 105,
      redact: 105,
      notifications: { room: 75 },
      historical: 100,
    });
    await expect(change(spaceId)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    await expect(lead.say(spaceId, 'May I?')).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect(await lead.client.getStateEvent(spaceId, 'm.room.name', '')).toEqual({ name: 'Care team' });
    expect(await bot.members(spaceId)).toEqual(everybody());

    await putAndSettle(context, teamIn('paused', 'active'));
    await change(spaceId);
  });

  test('an inactive team’s space is left by everyone, and entered again when the team is active again', async () => {
    await put('inactive', 'active');
    const spaceId = await lead.join(aliasOf('inactive'));
    await eventually(() => bot.members(spaceId)).toEqual(everybody());
    await put('inactive', 'inactive');
    await eventually(() => bot.members(spaceId)).toEqual(nobody());
    await leadSeesThatTheyLeft(spaceId);

    await put('inactive', 'active');
    expect(await lead.join(aliasOf('inactive'))).toBe(spaceId);
    await eventually(() => bot.members(spaceId)).toEqual(everybody());
    await change(spaceId);
  });

  test('a team entered in error is left by everyone, and one that never had a space gets none', async () => {
    await put('mistake', 'active');
    const spaceId = await lead.join(aliasOf('mistake'));
    await eventually(() => bot.members(spaceId)).toEqual(everybody());
    await put('mistake', 'entered-in-error');
    await eventually(() => bot.members(spaceId)).toEqual(nobody());
    await leadSeesThatTheyLeft(spaceId);

    await putAndSettle(context, teamIn('never', 'entered-in-error'));
    expect(await bot.find(aliasOf('never'))).toBeUndefined();
  });
});

describe.skipIf(isMissing)('the names in a care team’s space', () => {
  let context: TestContext;
  let bot: BotView;
  beforeAll(async () => {
    context = await startContext({
      BRIDGE_MATRIX_SPACE_NAME: 'Team of {date}',
      BRIDGE_MATRIX_SPACE_TOPIC: 'For care only',
      BRIDGE_MATRIX_ORGANIZATION_SPACE_NAME: '{name}',
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
});
