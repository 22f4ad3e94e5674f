// What people see with a real client: names and pictures that tell teams apart, the bot, rooms they enter through the space.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { imageTypeOf } from '../../src/mapping/avatars.ts';
import { findPersonalData } from '../builders/personal-data.ts';
import { awaitIdle } from './bridges.ts';
import { aliases, practitioner, putAndSettle, request, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually } from './rooms.ts';

describe.skipIf(inject('stackMissing') !== undefined)('what people see', () => {
  let context: TestContext;
  let bot: BotView;
  beforeAll(async () => {
    context = await startContext();
    bot = botView();
  });
  afterAll(async () => {
    await context.end();
  });

  const own = (reference: string): string => reference.replace('/', `/${context.prefix}`);
  const contentOf = async (roomId: string, type: string) => (await bot.state(roomId))[`${type} `];
  const membershipIn = async (roomId: string, userId: string) => (await bot.members(roomId))[userId];

  /** A team of the nurse and others about the client, with a conversation. @returns the ids of the rooms */
  async function makeTeam(name: string, ...others: readonly string[]) {
    const { prefix, platform } = context;
    const nurse = { reference: own('Practitioner/nurse'), role: 'primary' };
    await platform.put(team(prefix, `${prefix}${name}`, [nurse, ...others.map(own)]));
    await platform.put(request(prefix, `${prefix}${name}-talk`, [own(`CareTeam/${name}`)]));
    const space = await bot.await(aliases.space(`${prefix}${name}`));
    const talk = await bot.await(aliases.room(`${prefix}${name}-talk`));
    await awaitIdle(context.bridge);
    return { space, talk };
  }

  test('three teams about three clients, and their conversations, each have a name and a picture of their own', async () => {
    const made = [await makeTeam('one'), await makeTeam('two'), await makeTeam('three')];
    const all = made.flatMap(({ space, talk }) => [space, talk]);
    const names = await Promise.all(all.map((id) => contentOf(id, 'm.room.name')));
    expect(new Set(names.map((name) => name?.['name'])).size).toBe(6);
    expect(names[0]?.['name']).toMatch(/^Care team \d+ · Nurse Noor Bakker$/);
    const [, number] = /team (\d+)/.exec(String(names[0]?.['name'])) ?? [];
    expect(names[1]?.['name']).toMatch(new RegExp(`^Conversation \\d+ · team ${number} · 2026-03-09 09:30$`));

    const pictures = await Promise.all(all.map((id) => contentOf(id, 'm.room.avatar')));
    expect(new Set(pictures.map((picture) => picture?.['url'])).size).toBe(3);
    expect(pictures[1]).toEqual(pictures[0]);
    expect(findPersonalData(JSON.stringify([names, pictures]))).toEqual([]);

    // As the nurse's client fetches it.
    const { client } = context.nurse;
    const url = client.mxcUrlToHttp(
      String(pictures[0]?.['url']),
      undefined,
      undefined,
      undefined,
      false,
      true,
      true,
    );
    const answer = await fetch(url ?? '', {
      headers: { authorization: `Bearer ${client.getAccessToken() ?? ''}` },
    });
    expect([answer.status, imageTypeOf(new Uint8Array(await answer.arrayBuffer()))]).toEqual([
      200,
      'image/png',
    ]);
  });

  test('the bot has a name and a picture of its own', async () => {
    const { body } = await bot.ask('GET', `profile/${encodeURIComponent(bot.userId)}`);
    expect(body).toMatchObject({
      displayname: 'Zorgplatform',
      avatar_url: expect.stringMatching(/^mxc:\/\//) as unknown,
    });
  });

  test('rooms have the version that the homeserver announces', async () => {
    const { space } = await makeTeam('version');
    const { capabilities } = (await bot.ask('GET', 'capabilities')).body as {
      capabilities: { 'm.room_versions': { default: string } };
    };
    expect(await contentOf(space, 'm.room.create')).toMatchObject({
      room_version: capabilities['m.room_versions'].default,
    });
  });

  test('who is put back into a team accepts one invitation, and enters its conversations from the space', async () => {
    const { prefix, platform } = context;
    const doctor = await startUser(context, 'doctor');
    await platform.put(practitioner(`${prefix}doctor`, 'Dr. Dirk', doctor.userId));
    const { space, talk } = await makeTeam('back', 'Practitioner/doctor');
    for (const id of [aliases.space(`${prefix}back`), aliases.room(`${prefix}back-talk`)])
      await doctor.join(id);
    await awaitIdle(context.bridge);
    const nurse = { reference: own('Practitioner/nurse'), role: 'primary' };
    const without = team(prefix, `${prefix}back`, [nurse]);
    await putAndSettle(context, without);
    await eventually(() => membershipIn(talk, doctor.userId)).toBe('leave');
    await expect(doctor.client.joinRoom(talk)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });

    await putAndSettle(context, team(prefix, `${prefix}back`, [nurse, own('Practitioner/doctor')]));
    await eventually(() => membershipIn(space, doctor.userId)).toBe('invite');
    expect(await membershipIn(talk, doctor.userId)).toBe('leave');
    await doctor.join(aliases.space(`${prefix}back`));
    const before = (await platform.read(own('CommunicationRequest/back-talk')))['meta'];
    await doctor.client.joinRoom(talk);
    await awaitIdle(context.bridge);
    expect(await membershipIn(talk, doctor.userId)).toBe('join');
    expect((await platform.read(own('CommunicationRequest/back-talk')))['meta']).toEqual(before);
  });

  test('who is in the space without taking part in the care enters no conversation', async () => {
    const { nurse } = context;
    const stranger = await startUser(context, 'stranger');
    const { space, talk } = await makeTeam('closed');
    await nurse.join(aliases.space(`${context.prefix}closed`));
    expect(await contentOf(talk, 'm.room.join_rules')).toMatchObject({ join_rule: 'restricted' });
    await nurse.client.invite(space, stranger.userId);
    await eventually(() => contentOf(talk, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    await stranger.client.joinRoom(space);
    await expect(stranger.client.joinRoom(talk)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });

    await stranger.client.leave(space);
    await eventually(() => contentOf(talk, 'm.room.join_rules')).toMatchObject({ join_rule: 'restricted' });
  });
});

describe.skipIf(inject('stackMissing') !== undefined)('where aliases are opaque', () => {
  test('no one finds a room by the id of its resource, and the bridge finds it again', async () => {
    const context = await startContext({
      BRIDGE_MATRIX_SPACE_ALIAS: 'opaque',
      BRIDGE_MATRIX_CONVERSATION_ALIAS: 'zorg-gesprek/{id}',
      BRIDGE_MATRIX_BOT_NAME: 'De Linde',
    });
    try {
      const { prefix, nurse, serverName } = context;
      const bot = botView();
      await putAndSettle(context, team(prefix, `${prefix}team`, [`Practitioner/${prefix}nurse`]));
      const invited = (): string[] =>
        nurse.client.getRooms().flatMap((room) => (room.getMyMembership() === 'invite' ? [room.roomId] : []));
      await eventually(() => Promise.resolve(invited())).toHaveLength(1);
      const [spaceId = ''] = invited();
      const alias = (await bot.state(spaceId))['m.room.canonical_alias ']?.['alias'];
      expect(alias).toMatch(new RegExp(`^#_fhir_[0-9a-z]{32}:${serverName}$`));
      expect(await bot.find(String(alias))).toBe(spaceId);
      for (const form of ['careteam/', 'careteam-'])
        expect(await bot.find(`#${form}${prefix}team:${serverName}`)).toBeUndefined();
      expect(await bot.displayName(bot.userId)).toBe('De Linde');
    } finally {
      await context.end();
    }
  });
});
