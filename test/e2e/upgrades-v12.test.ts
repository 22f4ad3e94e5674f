// Spaces and rooms of version 12, which only their maker can upgrade: the bridge its own, a member those they made.
import { EventType } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { recordsOf, startContext } from './context.ts';
import { eventually } from './rooms.ts';
import type { Upgrading, Which } from './upgrading.ts';
import { FORBIDDEN, startUpgrading } from './upgrading.ts';

describe.skipIf(inject('stackMissing') !== undefined)('where rooms have version 12', () => {
  let world: Upgrading;
  beforeAll(async () => {
    world = await startUpgrading(await startContext({ BRIDGE_MATRIX_ROOM_VERSION: '12' }));
  });
  afterAll(() => world.end());

  test('the homeserver refuses an upgrade to everyone but the bridge', async () => {
    const { context, doctor, ids, expectWhole, expectCrossing } = world;
    for (const { client } of [context.nurse, doctor])
      for (const roomId of [ids.space, ids.talk])
        await expect(client.upgradeRoom(roomId, '12')).rejects.toMatchObject(FORBIDDEN);
    await expectWhole();
    await expectCrossing('Still here');
  });

  test.each<Which>(['space', 'talk'])('an operator upgrades the %s as the bridge’s bot', async (which) => {
    const { bot, replace, expectWhole, expectCrossing, expectSilence, context } = world;
    const old = await replace(which, '12', async (roomId) => {
      const path = `rooms/${encodeURIComponent(roomId)}/upgrade`;
      const { body } = await bot.ask('POST', path, { new_version: '12' });
      return String(body['replacement_room']);
    });
    const alias = which === 'space' ? 'careteam' : 'communicationrequest';
    const id = which === 'space' ? 'team' : 'talk';
    await context.nurse.join(`#${alias}/${context.prefix}${id}:${context.serverName}`);
    await expectWhole();
    await expectCrossing(`After the ${which} went on`);
    if (which === 'talk') await expectSilence(old, `After the ${which} went on`);
  });

  test('who made a room in the space is who may upgrade it', async () => {
    const { context, bot, doctor, ids, own } = world;
    const { nurse, platform, serverName } = context;
    const made = await nurse.client.createRoom({
      name: 'Wound care',
      room_version: '12',
      invite: [bot.userId, doctor.userId],
      // The power of the room's maker cannot be shared: the bot gets what is highest below it.
      power_level_content_override: { users: { [bot.userId]: 100 } },
    });
    await doctor.client.joinRoom(made.room_id);
    await nurse.client.sendStateEvent(ids.space, EventType.SpaceChild, { via: [serverName] }, made.room_id);
    const uri = `urn:ietf:rfc:3986%7Cmatrix:roomid/${made.room_id.slice(1)}`;
    const find = (): Promise<readonly unknown[]> => platform.search(`CommunicationRequest?identifier=${uri}`);
    await eventually(find).toHaveLength(1);
    const [{ id }] = (await find()) as readonly [{ id: string }];
    await expect(doctor.client.upgradeRoom(made.room_id, '12')).rejects.toMatchObject(FORBIDDEN);

    const { replacement_room: next } = await nurse.client.upgradeRoom(made.room_id, '12');
    await nurse.client.invite(next, bot.userId);
    await eventually(() => bot.find(`#communicationrequest/${id}:${serverName}`)).toBe(next);
    await eventually(async () => (await bot.members(next))[doctor.userId]).toBe('invite');
    await eventually(() => bot.state(ids.space)).toMatchObject({
      [`m.space.child ${made.room_id}`]: {},
      [`m.space.child ${next}`]: { via: [serverName] },
    });
    await nurse.say(next, 'Going on here');
    const records = async (): Promise<readonly unknown[]> =>
      (await recordsOf(platform, id)).map(({ payload }) => payload[0]?.contentString);
    await eventually(records).toEqual(['Going on here']);
    // It and the one that was there.
    expect(await platform.search(`CommunicationRequest?patient=${own('Patient/client')}`)).toHaveLength(2);
  });
});
