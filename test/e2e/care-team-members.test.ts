// The members of a team's space follow its participants: teams and organisations within, periods, removals and roles.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { TEAM_ROLE_SYSTEM } from '../../src/domain/fhir.ts';
import { awaitIdle } from './bridges.ts';
import type { Participant } from './care.ts';
import { aliases, practitioner, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { shareContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

describe.skipIf(inject('stackMissing') !== undefined)('the members of a care team’s space', () => {
  let context: TestContext;
  let bot: BotView;
  beforeAll(async () => {
    context = await shareContext();
    bot = botView();
  });
  afterAll(async () => {
    await context.end();
  });

  const reference = (type: string, name: string): string => `${type}/${context.prefix}${name}`;
  const putTeam = async (name: string, participants: readonly (string | Participant)[]): Promise<void> => {
    await context.platform.put(team(context.prefix, `${context.prefix}${name}`, participants));
  };
  const putPractitioner = async (name: string, ...addresses: readonly string[]): Promise<string> => {
    await context.platform.put(practitioner(`${context.prefix}${name}`, `Dr. ${name}`, ...addresses));
    return ghostOf(reference('Practitioner', name));
  };
  const putRole = (name: string, holder: string, over: Readonly<Record<string, unknown>>): Promise<unknown> =>
    context.platform.put({
      resourceType: 'PractitionerRole',
      id: `${context.prefix}${name}`,
      practitioner: { reference: reference('Practitioner', holder) },
      ...over,
    });
  const spaceOf = (name: string): Promise<string> => bot.await(aliases.space(`${context.prefix}${name}`));
  const levelsIn = async (roomId: string): Promise<unknown> =>
    (await bot.state(roomId))['m.room.power_levels ']?.['users'];

  test('those in a team within the team are members, and follow its changes', async () => {
    const [anna, bert] = [await putPractitioner('anna'), await putPractitioner('bert')];
    await putTeam('inner', [reference('Practitioner', 'anna')]);
    await putTeam('outer', [reference('CareTeam', 'inner'), reference('RelatedPerson', 'daughter')]);
    const spaceId = await spaceOf('outer');
    const daughter = ghostOf(reference('RelatedPerson', 'daughter'));
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [daughter]: 'join',
      [anna]: 'join',
    });

    await putTeam('inner', [reference('Practitioner', 'bert')]);
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [daughter]: 'join',
      [anna]: 'leave',
      [bert]: 'join',
    });
  });

  test('an organisation stands for those who have a role in it, and for itself as long as nobody has', async () => {
    const { platform, prefix } = context;
    for (const [id, name] of Object.entries({ full: 'De Linde', empty: 'De Eik' }))
      await platform.put({ resourceType: 'Organization', id: `${prefix}${id}`, name });
    const [carla, dirk] = [await putPractitioner('carla'), await putPractitioner('dirk')];
    await putRole('carla-full', 'carla', { organization: { reference: reference('Organization', 'full') } });
    await putRole('dirk-once', 'dirk', {
      active: false,
      organization: { reference: reference('Organization', 'full') },
    });
    await putTeam('organizations', [reference('Organization', 'full'), reference('Organization', 'empty')]);
    const spaceId = await spaceOf('organizations');
    const empty = ghostOf(reference('Organization', 'empty'));
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [carla]: 'join',
      [empty]: 'join',
    });
    expect(await bot.displayName(empty)).toBe('De Eik');

    await putRole('dirk-empty', 'dirk', { organization: { reference: reference('Organization', 'empty') } });
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [carla]: 'join',
      [empty]: 'leave',
      [dirk]: 'join',
    });
  });

  test('whose period is over or who is taken off the team leaves, and is invited again on coming back', async () => {
    const ewa = await startUser(context, 'ewa');
    await putPractitioner('ewa', ewa.userId);
    const floor = await putPractitioner('floor');
    const daughter = ghostOf(reference('RelatedPerson', 'daughter'));
    const together = ['Practitioner/ewa', 'Practitioner/floor', 'RelatedPerson/daughter'].map((each) =>
      each.replace('/', `/${context.prefix}`),
    );
    await putTeam('leaving', together);
    const spaceId = await ewa.join(aliases.space(`${context.prefix}leaving`));
    const others = { [bot.userId]: 'join', [daughter]: 'join' };
    await eventually(() => bot.members(spaceId)).toEqual({
      ...others,
      [ewa.userId]: 'join',
      [floor]: 'join',
    });

    await putTeam(
      'leaving',
      together.map((each) =>
        each.startsWith('Practitioner') ? { reference: each, end: '2024-02-29' } : each,
      ),
    );
    await eventually(() => bot.members(spaceId)).toEqual({
      ...others,
      [ewa.userId]: 'leave',
      [floor]: 'leave',
    });
    expect(await levelsIn(spaceId)).toEqual({ [daughter]: 50 });

    await putTeam('leaving', together);
    await eventually(() => bot.members(spaceId)).toEqual({
      ...others,
      [ewa.userId]: 'invite',
      [floor]: 'join',
    });
    await ewa.join(aliases.space(`${context.prefix}leaving`));

    await putTeam('leaving', [reference('RelatedPerson', 'daughter')]);
    await eventually(() => bot.members(spaceId)).toEqual({
      ...others,
      [ewa.userId]: 'leave',
      [floor]: 'leave',
    });
    await putTeam('leaving', together);
    await ewa.join(aliases.space(`${context.prefix}leaving`));
    await eventually(() => bot.members(spaceId)).toEqual({
      ...others,
      [ewa.userId]: 'join',
      [floor]: 'join',
    });
    expect(await levelsIn(spaceId)).toEqual({ [ewa.userId]: 75, [floor]: 75, [daughter]: 50 });
    ewa.leaveClient();
  });

  test('a ghost that comes in by what was asked for before FHIR dropped it leaves again', async () => {
    const jaap = await putPractitioner('jaap');
    await putTeam('late', [reference('Practitioner', 'jaap'), reference('RelatedPerson', 'daughter')]);
    const spaceId = await spaceOf('late');
    await eventually(() => bot.members(spaceId)).toMatchObject({ [jaap]: 'join' });
    await putTeam('late', [reference('RelatedPerson', 'daughter')]);
    await eventually(() => bot.members(spaceId)).toMatchObject({ [jaap]: 'leave' });
    await awaitIdle(context.bridge);

    // The requests of a replica that was killed before.
    const room = `rooms/${encodeURIComponent(spaceId)}`;
    await bot.ask('POST', `${room}/invite`, { user_id: jaap });
    await bot.ask('POST', `${room}/join`, {}, jaap);
    await eventually(() => bot.members(spaceId)).toMatchObject({ [jaap]: 'leave' });
  });

  test('a lead’s level comes and goes with the role, and no role raises a relative or a patient', async () => {
    const gerrit = await putPractitioner('gerrit');
    const daughter = ghostOf(reference('RelatedPerson', 'daughter'));
    const withRoles = (role?: string): Participant[] =>
      ['Practitioner/gerrit', 'RelatedPerson/daughter', 'Patient/client'].map((each) => ({
        reference: each.replace('/', `/${context.prefix}`),
        ...(role !== undefined && { role }),
      }));
    await putTeam('roles', withRoles());
    const spaceId = await spaceOf('roles');
    await eventually(() => levelsIn(spaceId)).toEqual({ [gerrit]: 75, [daughter]: 50 });
    await putTeam('roles', withRoles('primary'));
    await eventually(() => levelsIn(spaceId)).toEqual({ [gerrit]: 100, [daughter]: 50 });
    await putTeam('roles', withRoles('secondary'));
    await eventually(() => levelsIn(spaceId)).toEqual({ [gerrit]: 75, [daughter]: 50 });
  });

  test('two roles of one professional in two organisations are one member', async () => {
    const hanna = await putPractitioner('hanna');
    await putRole('hanna-a', 'hanna', {});
    await putRole('hanna-b', 'hanna', {});
    await putTeam('several', [
      { reference: reference('PractitionerRole', 'hanna-a'), role: 'primary' },
      reference('PractitionerRole', 'hanna-b'),
      reference('Practitioner', 'hanna'),
    ]);
    const spaceId = await spaceOf('several');
    await eventually(() => bot.members(spaceId)).toEqual({ [bot.userId]: 'join', [hanna]: 'join' });
    await eventually(() => levelsIn(spaceId)).toEqual({ [hanna]: 100 });
  });

  test('a ghost’s name follows its resource', async () => {
    const irma = await putPractitioner('irma');
    await putTeam('renamed', [reference('Practitioner', 'irma')]);
    await spaceOf('renamed');
    await eventually(() => bot.displayName(irma)).toBe('Dr. irma');
    await context.platform.put(practitioner(`${context.prefix}irma`, 'Prof. Irma de Groot'));
    await eventually(() => bot.displayName(irma)).toBe('Prof. Irma de Groot');
  });

  test('a PractitionerRole makes no one a lead, whoever writes its code', async () => {
    const joris = await putPractitioner('joris');
    const coding = [{ system: TEAM_ROLE_SYSTEM, code: 'primary' }, { code: 'primary' }];
    await putRole('joris-role', 'joris', { code: [{ coding }] });
    await putTeam('role-code', [reference('PractitionerRole', 'joris-role')]);
    const spaceId = await spaceOf('role-code');
    await eventually(() => levelsIn(spaceId)).toEqual({ [joris]: 75 });
    await awaitIdle(context.bridge);
    expect(await levelsIn(spaceId)).toEqual({ [joris]: 75 });
  });
});
