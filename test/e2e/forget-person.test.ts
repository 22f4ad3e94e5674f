// A person is forgotten by the command: nothing of their name or address is left in the bridge's database, on the homeserver's profile
// and in the state and history of their rooms; the record stays.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ForgetReport } from '../../src/flows/forgetting/report.ts';
import { findInDatabase } from '../builders/forgetting-world.ts';
import { awaitIdle } from './bridges.ts';
import { aliases, practitioner, putAndSettle, request, team } from './care.ts';
import type { TestContext } from './context.ts';
import { shareContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand, type Ended } from './rooms.ts';

const NAME = 'Gerda Zwaluwenberg';

describe.skipIf(inject('stackMissing') !== undefined)('a person who is forgotten', () => {
  let context: TestContext;
  let bot: BotView;
  let db: pg.Client;
  beforeAll(async () => {
    context = await shareContext();
    bot = botView();
    db = new pg.Client(context.database.url);
    await db.connect();
  });
  afterAll(async () => {
    await db.end();
    await context.end();
  });

  const run = (...args: readonly string[]): Promise<Ended> =>
    runCommand(context.bridge, 'person', 'forget', ...args);

  /** All that the bot is shown of a room: its state, and its history with what stands in there of other events. */
  const shown = async (roomId: string): Promise<string> => {
    const path = `rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=500`;
    return JSON.stringify([await bot.state(roomId), (await bot.ask('GET', path)).body]);
  };

  test('is gone from rooms, profile and database, and the record stays', async () => {
    const { platform, prefix, bridge } = context;
    const [id, talk] = [`${prefix}gerda`, `${prefix}gerda-talk`];
    const [person, ghost] = [`Practitioner/${id}`, ghostOf(`Practitioner/${id}`)];
    const others = [`Practitioner/${prefix}nurse`];
    await platform.put(practitioner(id, NAME));
    await platform.put(team(prefix, id, [...others, person]));
    await platform.put(request(prefix, talk, [`CareTeam/${id}`]));
    const communication = {
      ...{ resourceType: 'Communication', id: `${prefix}hello`, status: 'completed' },
      ...{ sender: { reference: person }, sent: '2026-03-09T09:00:00Z' },
      partOf: [{ reference: `CommunicationRequest/${talk}` }],
      payload: [{ contentString: 'Here I am' }],
    };
    await platform.put(communication);
    const rooms = [await bot.await(aliases.space(id)), await bot.await(aliases.room(talk))] as const;
    await eventually(() => shown(rooms[1])).toContain('Here I am');
    for (const roomId of rooms) expect(await shown(roomId)).toContain(NAME);
    expect(await findInDatabase(db, NAME)).not.toEqual([]);

    const refused = await run(person);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${person} still takes part in CareTeam/${id}`);
    expect(await bot.displayName(ghost)).toBe(NAME);

    await putAndSettle(context, team(prefix, id, others));
    const done = await run(person, '--redact-messages', '--json');
    expect({ code: done.code, stderr: done.stderr }).toMatchObject({ code: 0 });
    const report = JSON.parse(done.stdout) as ForgetReport;
    expect(report).toMatchObject({
      ...{ state: 'done', ghosts: { [ghost]: 'deactivated' } },
      conversations: [{ conversation: `CommunicationRequest/${talk}`, messages: 1 }],
    });
    expect(report.rooms.every(({ refused: left, outOfReach }) => left === 0 && !outOfReach)).toBe(true);

    for (const text of [NAME, 'Zwaluwenberg', `${id}@practice.example`])
      expect(await findInDatabase(db, text)).toEqual([]);
    expect(await bot.displayName(ghost)).toBeUndefined();
    for (const roomId of rooms) {
      expect(await shown(roomId)).not.toMatch(/Zwaluwenberg|Here I am/);
      expect((await bot.state(roomId))[`m.room.member ${ghost}`]).toEqual({ membership: 'leave' });
    }
    expect(await platform.read(`Communication/${prefix}hello`)).toMatchObject({ status: 'completed' });

    const again = await run(person, '--redact-messages', '--json');
    expect(JSON.parse(again.stdout)).toEqual(report);
    await awaitIdle(bridge);
  });
});
