// A CommunicationRequest's status, people and place become its room's: approval, archive, mistakes, moves to other teams.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { waitUntil } from '../../stack/wait.ts';
import { aliases, practitioner, putAndSettle, request, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { shareContext } from './context.ts';
import { readTexts } from './kept.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

const FORBIDDEN = { errcode: 'M_FORBIDDEN' };

describe.skipIf(inject('stackMissing') !== undefined)('the room of a CommunicationRequest', () => {
  let context: TestContext;
  let bot: BotView;
  beforeAll(async () => {
    context = await shareContext();
    bot = botView();
    await putTeam('team', ['Practitioner/nurse', 'RelatedPerson/daughter']);
  });
  afterAll(async () => {
    await context.end();
  });

  const own = (reference: string): string => reference.replace('/', `/${context.prefix}`);
  const ghost = (reference: string): string => ghostOf(own(reference));
  const putTeam = async (name: string, members: readonly string[]): Promise<void> => {
    await context.platform.put(team(context.prefix, `${context.prefix}${name}`, members.map(own)));
  };
  const requestIn = (
    name: string,
    over: Readonly<Record<string, unknown>> = {},
  ): ReturnType<typeof request> =>
    request(context.prefix, `${context.prefix}${name}`, [own('CareTeam/team')], over);
  const put = (name: string, over: Readonly<Record<string, unknown>> = {}): Promise<unknown> =>
    context.platform.put(requestIn(name, over));
  const post = (name: string, text: string, over: Readonly<Record<string, unknown>> = {}): Promise<unknown> =>
    context.platform.post({
      ...communication(context.prefix, `${context.prefix}${name}`, text),
      ...over,
    });
  const aliasOf = (name: string): string => aliases.room(`${context.prefix}${name}`);
  const spaceOf = (name: string): Promise<string> => bot.await(aliases.space(`${context.prefix}${name}`));
  const held = (name: string): Promise<readonly string[]> =>
    readTexts(
      context.database.url,
      `select about as text from waiting_item where waits_for = 'CommunicationRequest/${context.prefix}${name}'`,
    );

  test('a draft has no room; what is written meanwhile is said in order when it is approved', async () => {
    const { nurse } = context;
    await put('draft', { status: 'draft' });
    for (const text of ['One', 'Two', 'Three']) {
      await post('draft', text);
      await waitUntil(async () => (await held('draft')).length > ['One', 'Two', 'Three'].indexOf(text), {
        what: `“${text}” is held`,
        timeoutMs: 60_000,
      });
    }
    expect(await bot.find(aliasOf('draft'))).toBeUndefined();

    await put('draft', { status: 'active' });
    const roomId = await nurse.join(aliasOf('draft'));
    await nurse.hear(roomId, 'Three');
    expect(await nurse.history(roomId)).toEqual(['The first message', 'One', 'Two', 'Three']);
    await eventually(() => held('draft')).toEqual([]);
  });

  test.each(['revoked', 'completed', 'on-hold'])(
    'a request that is %s is an archive: nobody but the bot may write, and it may be opened again',
    async (status) => {
      const { nurse } = context;
      await put(status);
      const roomId = await nurse.join(aliasOf(status));
      await nurse.hear(roomId, 'The first message');
      await nurse.say(roomId, 'While it is open');

      await putAndSettle(context, requestIn(status, { status }));
      await expect(nurse.say(roomId, 'Too late')).rejects.toMatchObject(FORBIDDEN);
      const rename = nurse.client.setRoomName(roomId, 'Another name');
      await expect(rename).rejects.toMatchObject(FORBIDDEN);
      expect(await nurse.history(roomId)).toEqual(['The first message', 'While it is open']);
      expect((await bot.members(roomId))[nurse.userId]).toBe('join');

      await post(status, 'A late answer');
      const late = await nurse.hear(roomId, 'K.D.V. (relative): A late answer');
      expect(late.getSender()).toBe(bot.userId);
      await post(status, 'A late note', { sender: { reference: own('Practitioner/nurse') } });
      await nurse.hear(roomId, 'Nurse Noor Bakker: A late note');

      await putAndSettle(context, requestIn(status, { status: 'active' }));
      await nurse.say(roomId, 'Open again');
      await post(status, 'So it is');
      const answer = await nurse.hear(roomId, 'So it is');
      expect(answer.getSender()).toBe(ghost('RelatedPerson/daughter'));
    },
  );

  test('a request that comes completed is an archive with its first message in it', async () => {
    const { nurse } = context;
    await put('finished', { status: 'completed' });
    const roomId = await nurse.join(aliasOf('finished'));
    const first = await nurse.hear(roomId, 'The first message');
    expect(first.getSender()).toBe(ghost('RelatedPerson/daughter'));
    await eventually(async () => (await bot.state(roomId))['m.room.power_levels ']?.['events_default']).toBe(
      105,
    );
    await expect(nurse.say(roomId, 'Too late')).rejects.toMatchObject(FORBIDDEN);
  });

  test('a request entered in error is left by everyone and taken off the space’s list', async () => {
    const { nurse, serverName } = context;
    await put('mistake');
    const roomId = await nurse.join(aliasOf('mistake'));
    const spaceId = await spaceOf('team');
    const listed = async (): Promise<unknown> => (await bot.state(spaceId))[`m.space.child ${roomId}`];
    await eventually(listed).toMatchObject({ via: [serverName], suggested: true });

    await put('mistake', { status: 'entered-in-error' });
    await eventually(() => bot.members(roomId)).toEqual({
      [bot.userId]: 'join',
      [nurse.userId]: 'leave',
      [ghost('RelatedPerson/daughter')]: 'leave',
    });
    await eventually(listed).toEqual({});
  });

  test('recipients are people and teams; whoever is no recipient any more leaves', async () => {
    const { nurse, platform, prefix } = context;
    const anna = await startUser(context, 'anna');
    await platform.put(practitioner(`${prefix}anna`, 'Dr. Anna', anna.userId));
    await platform.put(practitioner(`${prefix}bert`, 'Dr. Bert'));
    await putTeam('other', ['Practitioner/bert']);
    const recipients = (...references: readonly string[]): Readonly<Record<string, unknown>> => ({
      recipient: references.map((reference) => ({ reference: own(reference) })),
    });
    await put('people', recipients('Practitioner/anna', 'Practitioner/nurse', 'CareTeam/other'));
    const roomId = await anna.join(aliasOf('people'));
    await nurse.join(aliasOf('people'));
    const always = { [bot.userId]: 'join', [ghost('RelatedPerson/daughter')]: 'join' };
    await eventually(() => bot.members(roomId)).toEqual({
      ...always,
      [anna.userId]: 'join',
      [nurse.userId]: 'join',
      [ghost('Practitioner/bert')]: 'join',
    });

    await put('people', recipients('Practitioner/nurse'));
    await eventually(() => bot.members(roomId)).toEqual({
      ...always,
      [anna.userId]: 'leave',
      [nurse.userId]: 'join',
      [ghost('Practitioner/bert')]: 'leave',
    });
    anna.leaveClient();
  });

  test('a request that is given to another team moves to that team’s space and people', async () => {
    const { nurse, platform, prefix, serverName } = context;
    await platform.put(practitioner(`${prefix}carla`, 'Dr. Carla'));
    await putTeam('first', ['Practitioner/nurse']);
    await putTeam('second', ['Practitioner/carla']);
    const toTeam = (name: string): Readonly<Record<string, unknown>> => ({
      recipient: [{ reference: own(`CareTeam/${name}`) }],
    });
    await put('moving', toTeam('first'));
    const roomId = await nurse.join(aliasOf('moving'));
    const [first, second] = [await spaceOf('first'), await spaceOf('second')];
    const links = async (): Promise<unknown> => ({
      first: (await bot.state(first))[`m.space.child ${roomId}`],
      second: (await bot.state(second))[`m.space.child ${roomId}`],
      parents: Object.fromEntries(
        Object.entries(await bot.state(roomId)).filter(([key]) => key.startsWith('m.space.parent ')),
      ),
    });
    const child = { via: [serverName], suggested: true, order: expect.any(String) as unknown };
    const parent = { via: [serverName], canonical: true };
    await eventually(links).toEqual({
      first: child,
      second: undefined,
      parents: { [`m.space.parent ${first}`]: parent },
    });

    await put('moving', toTeam('second'));
    await eventually(links).toEqual({
      first: {},
      second: child,
      parents: { [`m.space.parent ${first}`]: {}, [`m.space.parent ${second}`]: parent },
    });
    await eventually(() => bot.members(roomId)).toEqual({
      [bot.userId]: 'join',
      [ghost('RelatedPerson/daughter')]: 'join',
      [nurse.userId]: 'leave',
      [ghost('Practitioner/carla')]: 'join',
    });
  });

  test('a request whose team is over moves to the patient’s other team, and stays there when the first is back', async () => {
    const { nurse, platform, prefix, bridge } = context;
    const subject = { reference: own('Patient/other') };
    await platform.put({ resourceType: 'Patient', id: `${prefix}other` });
    const teamOf = (name: string, status: string): ReturnType<typeof team> =>
      team(prefix, `${prefix}${name}`, [own('Practitioner/nurse')], { subject, status });
    for (const name of ['alpha', 'beta']) await putAndSettle(context, teamOf(name, 'active'));
    await put('staying', { subject, recipient: [{ reference: own('Practitioner/nurse') }] });
    const roomId = await nurse.join(aliasOf('staying'));
    const [alpha, beta] = [await spaceOf('alpha'), await spaceOf('beta')];
    const listedIn = async (): Promise<unknown> =>
      Promise.all(
        [alpha, beta].map(async (space) => {
          const child = (await bot.state(space))[`m.space.child ${roomId}`];
          return child !== undefined && Object.keys(child).length > 0;
        }),
      );
    await eventually(listedIn).toEqual([true, false]);

    await putAndSettle(context, teamOf('alpha', 'inactive'));
    await eventually(listedIn).toEqual([false, true]);
    await putAndSettle(context, teamOf('alpha', 'active'));
    expect(await listedIn()).toEqual([false, true]);
    const dryRun = ['resync', '--dry-run', own('CommunicationRequest/staying')] as const;
    expect((await runCommand(bridge, ...dryRun)).stdout).toBe('1 compared, 0 would be changed, 0 failed.\n');
  });
});
