// Periods that begin or end by the clock alone: nobody writes anything, and members go and come at that very moment.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Participant } from './care.ts';
import { aliases, practitioner, putAndSettle, request, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { shareContext } from './context.ts';
import { readTexts } from './kept.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

/** How far ahead a period begins or ends: longer than the bridge takes to see that it is to. */
const AHEAD_MS = 3000;
/** How late it may take effect on a busy machine; without having been rung, the bridge looks every half minute. */
const LATE_MS = 20_000;

describe.skipIf(inject('stackMissing') !== undefined)('by the clock alone', () => {
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
  const putTeam = (name: string, ...participants: readonly (string | Participant)[]): Promise<void> =>
    putAndSettle(context, team(context.prefix, `${context.prefix}${name}`, participants));
  const putPractitioner = async (name: string, ...addresses: readonly string[]): Promise<string> => {
    await context.platform.put(practitioner(`${context.prefix}${name}`, `Dr. ${name}`, ...addresses));
    return ghostOf(reference('Practitioner', name));
  };
  /** When each member's present membership came to be. */
  const timesIn = async (roomId: string): Promise<Readonly<Record<string, number>>> => {
    const { body } = await bot.ask('GET', `rooms/${encodeURIComponent(roomId)}/state`);
    const events = body as unknown as readonly {
      type: string;
      state_key: string;
      origin_server_ts: number;
    }[];
    const members = events.filter(({ type }) => type === 'm.room.member');
    return Object.fromEntries(members.map((event) => [event.state_key, event.origin_server_ts]));
  };
  const expectAt = async (roomId: string, moment: number, ...members: readonly string[]): Promise<void> => {
    const times = await timesIn(roomId);
    for (const member of members) {
      expect(times[member]).toBeGreaterThanOrEqual(moment);
      expect(times[member]).toBeLessThan(moment + LATE_MS);
    }
  };

  test('whose participation ends leaves the space and its conversation, whose begins is invited', async () => {
    const [ewa, gijs] = [await startUser(context, 'ewa'), await startUser(context, 'gijs')];
    await putPractitioner('ewa', ewa.userId);
    await putPractitioner('gijs', gijs.userId);
    const floor = await putPractitioner('floor');
    const daughter = ghostOf(reference('RelatedPerson', 'daughter'));
    const [ewaRef, gijsRef, floorRef] = ['ewa', 'gijs', 'floor'].map((name) =>
      reference('Practitioner', name),
    );
    const all = [reference('RelatedPerson', 'daughter'), ewaRef, floorRef] as string[];
    await putTeam('shift', ...all);
    await context.platform.put(
      request(context.prefix, `${context.prefix}talk`, [reference('CareTeam', 'shift')]),
    );
    const spaceId = await ewa.join(aliases.space(`${context.prefix}shift`));
    const roomId = await ewa.join(aliases.room(`${context.prefix}talk`));
    const before = { [bot.userId]: 'join', [daughter]: 'join', [floor]: 'join', [ewa.userId]: 'join' };
    for (const id of [spaceId, roomId]) await eventually(() => bot.members(id)).toEqual(before);

    const moment = Date.now() + AHEAD_MS;
    const at = new Date(moment).toISOString();
    await putTeam(
      'shift',
      reference('RelatedPerson', 'daughter'),
      ...[ewaRef, floorRef].map((each) => ({ reference: each ?? '', end: at })),
      { reference: gijsRef ?? '', start: at },
    );
    const after = { ...before, [floor]: 'leave', [ewa.userId]: 'leave', [gijs.userId]: 'invite' };
    for (const id of [spaceId, roomId]) {
      await eventually(() => bot.members(id)).toEqual(after);
      await expectAt(id, moment, floor, ewa.userId, gijs.userId);
    }
    ewa.leaveClient();
    gijs.leaveClient();
  });

  test('a moment that went lost is found again by a resync', async () => {
    await putPractitioner('karel');
    const end = '2100-01-01T00:00:00.000Z';
    await putTeam('lost', { reference: reference('Practitioner', 'karel'), end });
    const id = `CareTeam/${context.prefix}lost`;
    const moments = (): Promise<readonly string[]> =>
      readTexts(
        context.database.url,
        `select to_char(converge_at at time zone 'UTC', 'YYYY-MM-DD') as text from room where reference = '${id}'`,
      );
    expect(await moments()).toEqual(['2100-01-01']);
    await readTexts(context.database.url, `update room set converge_at = null where reference = '${id}'`);
    expect(await runCommand(context.bridge, 'resync', '--dry-run', id)).toMatchObject({ code: 0 });
    expect(await moments()).toEqual([null]);
    expect(await runCommand(context.bridge, 'resync', id)).toMatchObject({
      ...{ code: 0, stdout: '1 compared, 0 changed, 0 failed.\n' },
    });
    expect(await moments()).toEqual(['2100-01-01']);
  });

  test('whose role in an organisation ends leaves, and the organisation stands for who has begun', async () => {
    const [hanna, irma] = [await putPractitioner('hanna'), await putPractitioner('irma')];
    await context.platform.put({
      ...{ resourceType: 'Organization', id: `${context.prefix}clinic`, name: 'De Linde' },
    });
    const putRole = (holder: string, period?: object): Promise<unknown> =>
      context.platform.put({
        ...{ resourceType: 'PractitionerRole', id: `${context.prefix}${holder}-role` },
        practitioner: { reference: reference('Practitioner', holder) },
        organization: { reference: reference('Organization', 'clinic') },
        ...(period !== undefined && { period }),
      });
    await putRole('hanna');
    await putTeam('clinic', reference('Organization', 'clinic'));
    const spaceId = await bot.await(aliases.space(`${context.prefix}clinic`));
    await eventually(() => bot.members(spaceId)).toEqual({ [bot.userId]: 'join', [hanna]: 'join' });

    const moment = Date.now() + AHEAD_MS;
    const at = new Date(moment).toISOString();
    await putRole('hanna', { end: at });
    await putRole('irma', { start: at });
    await eventually(() => bot.members(spaceId)).toEqual({
      ...{ [bot.userId]: 'join', [hanna]: 'leave', [irma]: 'join' },
    });
    await expectAt(spaceId, moment, hanna, irma);
  });
});
