// Spaces and rooms of version 11 that a lead upgrades with a real client: the care goes on in the next, of version 12.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { aliases, putAndSettle, request } from './care.ts';
import { awaitIdle } from './bridges.ts';
import { recordsOf, startContext } from './context.ts';
import { eventually } from './rooms.ts';
import type { Upgrading, Which } from './upgrading.ts';
import { FORBIDDEN, letIn, startUpgrading } from './upgrading.ts';

describe.skipIf(inject('stackMissing') !== undefined)('where rooms have version 11', () => {
  let world: Upgrading;
  beforeAll(async () => {
    world = await startUpgrading(await startContext({ BRIDGE_MATRIX_ROOM_VERSION: '11' }));
  });
  afterAll(() => world.end());

  test('the homeserver refuses an upgrade to a member who is no lead', async () => {
    const { doctor, ids, expectWhole } = world;
    for (const roomId of [ids.space, ids.talk])
      await expect(doctor.client.upgradeRoom(roomId, '12')).rejects.toMatchObject(FORBIDDEN);
    await expectWhole();
  });

  // The second time the room is of version 12 already, and the lead, who made it, is the only one who may.
  test.each<[Which, string]>([
    ['space', 'from version 11'],
    ['space', 'and from there'],
    ['talk', 'from version 11'],
    ['talk', 'and from there'],
  ])('a lead takes the %s to version 12 (%s)', async (which, step) => {
    const { context, bot, replace, expectWhole, expectCrossing, expectSilence } = world;
    const { nurse } = context;
    const old = await replace(which, '12', async (roomId) => {
      const { replacement_room: next } = await nurse.client.upgradeRoom(roomId, '12');
      await letIn(nurse.client, next, bot.userId);
      return next;
    });
    await expectWhole();
    const said = `After the ${which} went ${step}`;
    await expectCrossing(said);
    if (which === 'talk') await expectSilence(old, said);
  });

  test('an upgrade by someone whom a lead gave the power is not followed: the alias is taken back, and they are told', async () => {
    const { context, bot, doctor, own, inSync } = world;
    const { nurse, bridge, platform, prefix } = context;
    // A room of its own: Synapse keeps a second person from upgrading a room for a while.
    const alias = aliases.room(`${prefix}other`);
    await putAndSettle(context, request(prefix, `${prefix}other`, [own('CareTeam/team')]));
    const roomId = await nurse.join(alias);
    await doctor.join(alias);
    await awaitIdle(bridge);
    // While the bridge is away nobody takes the power back.
    await bridge.service.stop();
    await nurse.client.setPowerLevel(roomId, doctor.userId, 100);
    const { replacement_room: next } = await doctor.client.upgradeRoom(roomId, '12');
    await doctor.client.invite(next, bot.userId);
    expect(await bot.find(alias)).toBe(next);
    await bridge.service.start();
    await eventually(async () => (await nurse.history(roomId)).at(-1)).toContain(
      'The care team stays in this room',
    );
    expect(await bot.find(alias)).toBe(roomId);
    await inSync('CommunicationRequest/other');
    expect((await bot.state(roomId))['m.room.power_levels ']?.['users']).toMatchObject({
      [doctor.userId]: 75,
    });
    await nurse.say(roomId, 'Still here');
    const recorded = async (): Promise<readonly unknown[]> =>
      (await recordsOf(platform, `${prefix}other`)).map(({ payload }) => payload[0]?.contentString);
    await eventually(recorded).toEqual(['Still here']);
  });
});
