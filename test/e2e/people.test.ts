// Whose account is whose: a person whose address changes is moved, and no one leaves before their new account is there.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitUntil } from '../../stack/wait.ts';
import { aliases, practitioner, putAndSettle, request, startUser, team } from './care.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, shareContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

type User = Awaited<ReturnType<typeof startUser>>;

describe.skipIf(inject('stackMissing') !== undefined)('a person’s account', () => {
  let context: TestContext;
  let bot: BotView;
  const users: User[] = [];
  beforeAll(async () => {
    context = await shareContext();
    bot = botView();
  });
  afterAll(async () => {
    for (const user of users) user.leaveClient();
    await context.end();
  });

  const userNamed = async (name: string): Promise<User> => {
    const user = await startUser(context, name);
    users.push(user);
    return user;
  };
  const put = async (name: string, ...addresses: readonly string[]): Promise<void> => {
    await context.platform.put(practitioner(`${context.prefix}${name}`, `Dr. ${name}`, ...addresses));
  };
  const ghost = (name: string): string => ghostOf(`Practitioner/${context.prefix}${name}`);
  /** A team of this person and the bot, and a conversation of it. */
  const putTeam = async (name: string): Promise<{ space: string; room: string; id: string }> => {
    const { platform, prefix } = context;
    const id = `${prefix}${name}`;
    await platform.put(team(prefix, id, [`Practitioner/${id}`]));
    await platform.put(
      request(prefix, id, [`CareTeam/${id}`], { requester: { reference: `Practitioner/${id}` } }),
    );
    return { space: aliases.space(id), room: aliases.room(id), id };
  };
  const levels = async (roomId: string): Promise<unknown> =>
    (await bot.state(roomId))['m.room.power_levels ']?.['users'];
  const isInvited = (user: User, roomId: string): Promise<true> =>
    waitUntil(() => user.client.getRoom(roomId)?.getMyMembership() === 'invite', {
      what: `${user.userId} is invited`,
      timeoutMs: 60_000,
    });

  test('a new address is invited, and the old account leaves each room when the new one has joined it', async () => {
    const [before, after] = [await userNamed('anna-old'), await userNamed('anna-new')];
    await put('anna', before.userId);
    const { space, room } = await putTeam('anna');
    const [spaceId, roomId] = [await before.join(space), await before.join(room)];
    await awaitIdle(context.bridge);

    await put('anna', after.userId);
    await isInvited(after, spaceId);
    await isInvited(after, roomId);
    await awaitIdle(context.bridge);
    for (const each of [spaceId, roomId]) {
      expect(await bot.members(each)).toMatchObject({ [before.userId]: 'join', [after.userId]: 'invite' });
      expect(await levels(each)).toEqual({ [before.userId]: 75, [after.userId]: 75 });
    }

    await after.join(space);
    await eventually(async () => (await bot.members(spaceId))[before.userId]).toBe('leave');
    await eventually(() => levels(spaceId)).toEqual({ [after.userId]: 75 });
    expect((await bot.members(roomId))[before.userId]).toBe('join');
    await after.join(room);
    await eventually(async () => (await bot.members(roomId))[before.userId]).toBe('leave');
  });

  test('a person who gets an account is spoken for by their ghost until the account has joined', async () => {
    const bert = await userNamed('bert');
    await put('bert');
    const { space, room, id } = await putTeam('bert');
    const spaceId = await bot.await(space);
    const roomId = await bot.await(room);
    await eventually(() => bot.members(roomId)).toEqual({ [bot.userId]: 'join', [ghost('bert')]: 'join' });
    // The first message is said by then: said later, it would make the ghost a voice beside the account, which stays.
    await awaitIdle(context.bridge);

    await put('bert', bert.userId);
    await isInvited(bert, roomId);
    await awaitIdle(context.bridge);
    expect(await bot.members(spaceId)).toMatchObject({ [ghost('bert')]: 'join', [bert.userId]: 'invite' });
    await bert.join(space);
    await bert.join(room);
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [ghost('bert')]: 'leave',
      [bert.userId]: 'join',
    });
    await eventually(async () => (await bot.members(roomId))[ghost('bert')]).toBe('leave');

    await bert.say(roomId, 'It is me now');
    const [record] = await awaitRecords(context.platform, id, (records) => records.length === 1);
    expect(record?.sender).toEqual({ reference: `Practitioner/${id}`, type: 'Practitioner' });
  });

  test('a person whose address is withdrawn is a ghost again, and the account leaves', async () => {
    const carla = await userNamed('carla');
    await put('carla', carla.userId);
    const { space } = await putTeam('carla');
    const spaceId = await carla.join(space);
    await put('carla');
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [carla.userId]: 'leave',
      [ghost('carla')]: 'join',
    });
    await eventually(() => levels(spaceId)).toEqual({ [ghost('carla')]: 75 });
  });

  test('an account that was given to another writes as theirs, and its former owner comes into no room by it', async () => {
    const { platform, prefix, bridge } = context;
    const [ella, given] = [await userNamed('ella'), await userNamed('given')];
    await put('fred', given.userId);
    await given.join((await putTeam('fred')).space);
    await put('ella', ella.userId);
    const { room, id } = await putTeam('ella');
    const roomId = await ella.join(room);
    await putAndSettle(context, practitioner(`${prefix}fred`, 'Dr. fred'));
    await putAndSettle(context, practitioner(`${prefix}gwen`, 'Dr. gwen', given.userId));

    await ella.client.invite(roomId, given.userId);
    await given.join(room);
    await given.say(roomId, 'Good day');
    const [record] = await awaitRecords(platform, id, (records) => records.length === 1);
    expect(record).toMatchObject({ sender: { reference: `Practitioner/${prefix}gwen` } });
    await awaitIdle(bridge);
    expect(await platform.read(`CommunicationRequest/${id}`)).toMatchObject({
      recipient: [
        { reference: `CareTeam/${id}` },
        { reference: `Practitioner/${prefix}gwen`, type: 'Practitioner' },
      ],
    });
    const members = await bot.members(roomId);
    expect(members).toMatchObject({ [ella.userId]: 'join', [given.userId]: 'join' });
    expect(members).not.toHaveProperty([ghost('fred')]);
  });

  test('the address of a server that is not trusted counts for nothing', async () => {
    const { neighbour } = inject('stack');
    await put('dirk', `@${context.prefix}dirk:${neighbour.serverName}`);
    const { space } = await putTeam('dirk');
    const spaceId = await bot.await(space);
    await eventually(() => bot.members(spaceId)).toEqual({ [bot.userId]: 'join', [ghost('dirk')]: 'join' });
  });

  test('two addresses are ambiguous and count for nothing', async () => {
    const [one, other] = [await userNamed('ewa-one'), await userNamed('ewa-other')];
    await put('ewa', one.userId, other.userId);
    const { space } = await putTeam('ewa');
    const spaceId = await bot.await(space);
    await eventually(() => bot.members(spaceId)).toEqual({ [bot.userId]: 'join', [ghost('ewa')]: 'join' });
  });

  test('the address of a ghost or the bot is nobody’s account', async () => {
    await put('floor', ghost('ewa'));
    const { space } = await putTeam('floor');
    const spaceId = await bot.await(space);
    await eventually(() => bot.members(spaceId)).toEqual({ [bot.userId]: 'join', [ghost('floor')]: 'join' });
  });

  test('an account that an operator stores counts until the person publishes one, and again afterwards', async () => {
    const { bridge, prefix } = context;
    const [stored, published] = [await userNamed('gerrit-stored'), await userNamed('gerrit-published')];
    await put('gerrit');
    const { space } = await putTeam('gerrit');
    const spaceId = await bot.await(space);
    await eventually(() => bot.members(spaceId)).toEqual({ [bot.userId]: 'join', [ghost('gerrit')]: 'join' });

    const person = `Practitioner/${prefix}gerrit`;
    await awaitIdle(bridge);
    expect(await runCommand(bridge, 'person', 'link', person, stored.userId)).toEqual({
      code: 0,
      stdout: `${person} is ${stored.userId}.\nTo be brought up to date: CareTeam/${prefix}gerrit, CommunicationRequest/${prefix}gerrit.\n`,
      stderr: '',
    });
    await stored.join(space);
    await eventually(async () => (await bot.members(spaceId))[ghost('gerrit')]).toBe('leave');

    await put('gerrit', published.userId);
    await published.join(space);
    await eventually(async () => (await bot.members(spaceId))[stored.userId]).toBe('leave');

    await put('gerrit');
    await stored.join(space);
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [ghost('gerrit')]: 'leave',
      [published.userId]: 'leave',
      [stored.userId]: 'join',
    });

    expect(await runCommand(bridge, 'person', 'unlink', person)).toMatchObject({ code: 0, stderr: '' });
    await eventually(() => bot.members(spaceId)).toEqual({
      [bot.userId]: 'join',
      [ghost('gerrit')]: 'join',
      [published.userId]: 'leave',
      [stored.userId]: 'leave',
    });
  });

  test('a person’s platform speaks by their ghost, though they have an account in the room', async () => {
    const hanna = await userNamed('hanna');
    await put('hanna', hanna.userId);
    const { room, id } = await putTeam('hanna');
    const roomId = await hanna.join(room);
    const heard = await hanna.hear(roomId, 'The first message');
    expect(heard.getSender()).toBe(ghost('hanna'));
    expect(heard.sender?.name).toBe('Dr. hanna');
    // The guest stays as long as the room does: a change of the team is no reason to go.
    await putAndSettle(context, {
      ...team(context.prefix, id, [`Practitioner/${id}`]),
      category: [{ text: 'Elderly care' }],
    });
    expect(await bot.members(roomId)).toEqual({
      [bot.userId]: 'join',
      [hanna.userId]: 'join',
      [ghost('hanna')]: 'join',
    });
  });
});
