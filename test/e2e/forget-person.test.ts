// A person is forgotten by the command: nothing of their name or address is left in the bridge's database, on the homeserver's profile
// and in the state and history of their rooms; the record stays.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ForgetReport } from '../../src/flows/forgetting/report.ts';
import { findInDatabase } from '../builders/forgetting-world.ts';
import { aliases, practitioner, putAndSettle, request, team } from './care.ts';
import type { TestContext } from './context.ts';
import { shareContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

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

  /**
   * The events in the state and the history of a room whose content holds a text. What an event replaced is shown beside it as Synapse has
   * it in memory, be it redacted since.
   */
  const findShown = async (roomId: string, text: string): Promise<readonly string[]> => {
    const path = `rooms/${encodeURIComponent(roomId)}`;
    const [state, history] = await Promise.all([
      bot.ask('GET', `${path}/state`),
      bot.ask('GET', `${path}/messages?dir=b&limit=500`),
    ]);
    const events = [state.body, history.body['chunk']].flat() as readonly { type: string; content: object }[];
    return events
      .map(({ type, content }) => `${type} ${JSON.stringify(content)}`)
      .filter((event) => event.includes(text));
  };

  test('is gone from rooms, profile and database, and the record stays', async () => {
    const { platform, prefix } = context;
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
    await eventually(() => findShown(rooms[1], 'Here I am')).toHaveLength(1);
    for (const roomId of rooms) expect(await findShown(roomId, NAME)).not.toEqual([]);
    expect(await findInDatabase(db, NAME)).not.toEqual([]);

    await putAndSettle(context, team(prefix, id, others));
    const done = await runCommand(context.bridge, 'person', 'forget', person, '--redact-messages', '--json');
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
      for (const text of ['Zwaluwenberg', 'Here I am']) expect(await findShown(roomId, text)).toEqual([]);
      expect((await bot.state(roomId))[`m.room.member ${ghost}`]).toEqual({ membership: 'leave' });
    }
    expect(await platform.read(`Communication/${prefix}hello`)).toMatchObject({ status: 'completed' });
  });
});
