// A CareTeam's status opens, silences and closes its space.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { aliases, practitioner, putAndSettle, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { shareContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

describe.skipIf(inject('stackMissing') !== undefined)('the status of a care team', () => {
  let context: TestContext;
  let bot: BotView;
  let lead: Awaited<ReturnType<typeof startUser>>;
  beforeAll(async () => {
    context = await shareContext();
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
    expect(await lead.client.getStateEvent(spaceId, 'm.room.name', '')).toMatchObject({
      name: expect.stringMatching(/^Care team \d+/) as unknown,
    });
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

    await putAndSettle(context, teamIn('never', 'entered-in-error'));
    expect(await bot.find(aliasOf('never'))).toBeUndefined();
  });
});
