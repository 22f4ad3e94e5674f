// The command `resync`: tells what differs from FHIR and mends it, and touches nothing where nothing differs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { aliases, practitioner, request, team } from './care.ts';
import { awaitAllRead, awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import { readTexts } from './kept.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

/** What changes something, in the access logs of the servers. */
const WRITES = {
  'synapse.log':
    /"(?:PUT|POST) \/_matrix\/client\/v3\/(?:rooms|createRoom|profile|register|join|directory)\S*/g,
  'hapi-access.log': /"(?:PUT|POST|PATCH|DELETE) \/fhir(?!\/AuditEvent|\S*_search)\S*/g,
};

describe.skipIf(inject('stackMissing') !== undefined)('resync', () => {
  let context: TestContext;
  let bot: BotView;
  let gp: string;
  let daughter: string;
  /** Of this file four, and any that the file before left for this bridge. */
  let rooms: number;
  const ids = { space: '', room: '', otherSpace: '', otherRoom: '' };
  beforeAll(async () => {
    context = await startContext();
    bot = botView();
    const { platform, prefix, nurse } = context;
    [gp, daughter] = [ghostOf(`Practitioner/${prefix}gp`), ghostOf(`RelatedPerson/${prefix}daughter`)];
    await platform.put(practitioner(`${prefix}gp`, 'Gerda Prins'));
    for (const name of ['team', 'other']) {
      await platform.put(
        team(prefix, `${prefix}${name}`, [
          `Practitioner/${prefix}gp`,
          `Practitioner/${prefix}nurse`,
          `RelatedPerson/${prefix}daughter`,
        ]),
      );
      await platform.put(request(prefix, `${prefix}${name}-talk`, [`CareTeam/${prefix}${name}`]));
    }
    ids.space = await nurse.join(aliases.space(`${prefix}team`));
    ids.room = await nurse.join(aliases.room(`${prefix}team-talk`));
    ids.otherSpace = await nurse.join(aliases.space(`${prefix}other`));
    ids.otherRoom = await nurse.join(aliases.room(`${prefix}other-talk`));
    await nurse.hear(ids.room, 'The first message');
    await nurse.hear(ids.otherRoom, 'The first message');
    await awaitAllRead(context);
    rooms = (await readTexts(context.database.url, 'select reference as text from room')).length;
  });
  afterAll(async () => {
    await context.end();
  });

  const resync = (...args: readonly string[]) => runCommand(context.bridge, 'resync', ...args);
  const said = (...lines: readonly string[]) => ({
    code: 0,
    stdout: lines.map((line) => `${line}\n`).join(''),
    stderr: '',
  });
  const states = (): Promise<readonly unknown[]> => Promise.all(Object.values(ids).map(bot.state));
  const nameOf = async (roomId: string): Promise<unknown> => (await bot.state(roomId))['m.room.name '];
  const kick = async (roomId: string, userId: string): Promise<void> => {
    const path = `rooms/${encodeURIComponent(roomId)}/kick`;
    expect(await bot.ask('POST', path, { user_id: userId })).toMatchObject({ status: 200 });
  };
  /** Of the general practitioner, in the rooms where nobody removes them; the homeserver takes a moment for it. */
  const shownNames = (): Promise<readonly unknown[]> =>
    Promise.all(
      [ids.room, ids.otherSpace, ids.otherRoom].map(
        async (roomId) => (await bot.state(roomId))[`m.room.member ${gp}`]?.['displayname'],
      ),
    );
  const query = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: context.database.url });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  /** Whatever `work` has the servers write. */
  async function writesOf(work: () => Promise<void>): Promise<readonly string[]> {
    const { logFolder } = inject('stack');
    const read = (file: string): Promise<string> => readFile(join(logFolder, file), 'utf8');
    const files = Object.entries(WRITES);
    const before = await Promise.all(files.map(async ([file]) => (await read(file)).length));
    await work();
    const after = files.map(async ([file, pattern], index) =>
      [...(await read(file)).slice(before[index]).matchAll(pattern)].map(([line]) => line),
    );
    return (await Promise.all(after)).flat();
  }

  test('tells nothing and writes nothing where nothing differs', async () => {
    const writes = await writesOf(async () => {
      expect(await resync('--dry-run')).toEqual(said(`${rooms} compared, 0 would be changed, 0 failed.`));
      expect(await resync()).toEqual(said(`${rooms} compared, 0 changed, 0 failed.`));
    });
    expect(writes).toEqual([]);
  });

  test('tells what was changed by hand or lost from the store, mends it, and finds nothing any more', async () => {
    const { bridge, prefix, nurse } = context;
    const before = await states();
    // A bridge that runs would see who is put out, and look at the rooms by itself.
    await bridge.service.stop();
    onTestFinished(() => bridge.service.start());
    const levels = (await bot.state(ids.space))['m.room.power_levels '] ?? {};
    const raised = { ...(levels['users'] as object), [daughter]: 100 };
    await bot.put(ids.space, 'm.room.power_levels', '', { ...levels, users: raised });
    await bot.put(ids.space, 'm.room.name', '', { name: 'Somewhere else' });
    await bot.put(ids.space, 'm.space.child', ids.otherRoom, { via: [context.serverName] });
    await bot.put(ids.space, 'm.space.child', '!of-a-user:localhost', { via: [context.serverName] });
    await bot.put(ids.space, 'm.space.child', ids.room, {});
    await kick(ids.space, gp);
    await kick(ids.room, nurse.userId);
    await bot.ask('PUT', `profile/${encodeURIComponent(gp)}/displayname`, { displayname: 'Nobody' }, gp);
    await query(`update ghost set display_name = 'Nobody' where user_id = '${gp}'`);
    await query(`delete from room_member where reference = 'CareTeam/${prefix}other'`);
    await eventually(shownNames).toEqual(['Nobody', 'Nobody', 'Nobody']);
    const broken = await states();
    const lines = [
      `CareTeam/${prefix}other: set display name ${gp}`,
      `CareTeam/${prefix}team: set display name ${gp}`,
      `CareTeam/${prefix}team: set m.room.power_levels`,
      `CareTeam/${prefix}team: set m.room.name`,
      `CareTeam/${prefix}team: set m.space.child of ${ids.room}`,
      `CareTeam/${prefix}team: set m.space.child of ${ids.otherRoom}`,
      `CareTeam/${prefix}team: invite ${gp}`,
      `CareTeam/${prefix}team: join ${gp}`,
    ];
    const dry = [
      ...lines,
      `CommunicationRequest/${prefix}other-talk: set display name ${gp}`,
      `CommunicationRequest/${prefix}team-talk: set display name ${gp}`,
    ];

    expect(
      await writesOf(async () => {
        expect(await resync('--dry-run')).toEqual(
          said(...dry, `${rooms} compared, 4 would be changed, 0 failed.`),
        );
      }),
    ).toEqual([]);
    expect(await states()).toEqual(broken);

    // The name is mended with the first team, and both teams differed when they were compared.
    const writes = await writesOf(async () => {
      expect(await resync()).toEqual(said(...lines, `${rooms} compared, 2 changed, 0 failed.`));
    });
    expect(writes.length).toBeGreaterThan(5);
    // The room is open to the space, so the nurse needs no invitation.
    await nurse.client.joinRoom(ids.room);
    await eventually(shownNames).toEqual(['Gerda Prins', 'Gerda Prins', 'Gerda Prins']);
    const userChild = { 'm.space.child !of-a-user:localhost': { via: [context.serverName] } };
    const [space, room, ...others] = before as readonly object[];
    const nurseIsBack = {
      [`m.room.member ${nurse.userId}`]: expect.objectContaining({ membership: 'join' }) as unknown,
    };
    expect(await states()).toEqual([
      { ...space, ...userChild, [`m.space.child ${ids.otherRoom}`]: {} },
      { ...room, ...nurseIsBack },
      ...others,
    ]);

    expect(
      await writesOf(async () => {
        expect(await resync()).toEqual(said(`${rooms} compared, 0 changed, 0 failed.`));
      }),
    ).toEqual([]);
  });

  test('looks at what is named, and at nothing else', async () => {
    const { bridge, prefix } = context;
    // One that runs may look at a room in between, for what happened before.
    await bridge.service.stop();
    onTestFinished(() => bridge.service.start());
    await bot.put(ids.space, 'm.room.name', '', { name: 'Wrong' });
    await bot.put(ids.otherSpace, 'm.room.name', '', { name: 'Wrong' });
    expect(await resync(`CareTeam/${prefix}team`)).toEqual(
      said(`CareTeam/${prefix}team: set m.room.name`, '1 compared, 1 changed, 0 failed.'),
    );
    expect([await nameOf(ids.space), await nameOf(ids.otherSpace)]).toEqual([
      { name: expect.stringMatching(/^Care team \d+/) as unknown },
      { name: 'Wrong' },
    ]);
    expect(await resync()).toEqual(
      said(`CareTeam/${prefix}other: set m.room.name`, `${rooms} compared, 1 changed, 0 failed.`),
    );
  });

  test('says what is not on the FHIR server, and refuses what has no room', async () => {
    const { prefix } = context;
    expect(await resync(`CareTeam/${prefix}none`)).toEqual(
      said(
        `CareTeam/${prefix}none: not on the FHIR server; its room is left as it is`,
        '1 compared, 0 changed, 0 failed.',
      ),
    );
    expect(await resync(`Patient/${prefix}client`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Expected CareTeam/… or CommunicationRequest/…') as string,
    });
  });

  test('makes what is missing though no bridge runs, and what is on the FHIR server from before on demand', async () => {
    const { prefix, platform, bridge } = context;
    await bridge.service.kill();
    await platform.put(team(prefix, `${prefix}unseen`, [`RelatedPerson/${prefix}daughter`]));
    expect(await resync()).toEqual(said(`${rooms} compared, 0 changed, 0 failed.`));
    const { stdout } = await resync('--dry-run', '--all');
    expect(stdout.split('\n')).toContain(`CareTeam/${prefix}unseen: make the space`);
    expect(await bot.find(aliases.space(`${prefix}unseen`))).toBeUndefined();

    expect(await resync(`CareTeam/${prefix}unseen`)).toEqual(
      said(`CareTeam/${prefix}unseen: make the space`, '1 compared, 1 changed, 0 failed.'),
    );
    const spaceId = await bot.await(aliases.space(`${prefix}unseen`));
    const members = { [bot.userId]: 'join', [daughter]: 'join' };
    expect(await bot.members(spaceId)).toEqual(members);
    const made = await bot.state(spaceId);
    await bridge.service.start();
    await eventually(async () => (await resync()).stdout).toBe(
      `${rooms + 1} compared, 0 changed, 0 failed.\n`,
    );
    await awaitIdle(bridge);
    expect(await bot.state(spaceId)).toEqual(made);
  });
});
