// What people do in Matrix reaches FHIR: a real client in Element's place joins, leaves, removes, makes a room, renames, upgrades.
import { EventType } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { TEAM_ROLE_SYSTEM } from '../../src/domain/fhir.ts';
import { communication } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { aliases, practitioner, request, startUser, team } from './care.ts';
import { awaitIdle } from './bridges.ts';
import { awaitRemoval, bringIn } from './bring-in.ts';
import type { TestContext } from './context.ts';
import { recordsOf, startContext } from './context.ts';
import { readTexts } from './kept.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

describe.skipIf(inject('stackMissing') !== undefined)('what people do in Matrix', () => {
  let context: TestContext;
  let bot: BotView;
  let doctor: MatrixPerson & { readonly userId: string };
  let spaceId: string;
  beforeAll(async () => {
    // Version 11, where a lead has the power to upgrade; names of conversations stand for their category.
    context = await startContext({
      BRIDGE_MATRIX_ROOM_VERSION: '11',
      BRIDGE_MATRIX_CONVERSATION_NAME: '{subject}',
      BRIDGE_MATRIX_CONVERSATION_SUBJECT: 'category',
      BRIDGE_STRANGERS_GRACE_SECONDS: '3',
    });
    bot = botView();
    const { prefix, platform, nurse } = context;
    doctor = await startUser(context, 'doctor');
    await platform.put(practitioner(`${prefix}doctor`, 'Dr. Dirk', doctor.userId));
    // By a team of theirs the bridge knows who the doctor is.
    await platform.put(team(prefix, `${prefix}elsewhere`, [`Practitioner/${prefix}doctor`]));
    await doctor.join(aliases.space(`${prefix}elsewhere`));
    await platform.put(
      team(prefix, `${prefix}team`, [
        { reference: `Practitioner/${prefix}nurse`, role: 'primary' },
        `RelatedPerson/${prefix}daughter`,
      ]),
    );
    spaceId = await nurse.join(aliases.space(`${prefix}team`));
    await awaitIdle(context.bridge);
  });
  afterAll(async () => {
    doctor.leaveClient();
    await context.end();
  });

  const reference = (type: string, name: string): string => `${type}/${context.prefix}${name}`;
  const readOf =
    (path: string) =>
    async (element: string): Promise<unknown> =>
      (await context.platform.read(path))[element];
  const conversation = async (name: string): Promise<string> => {
    const { prefix, platform, nurse } = context;
    // About the team, whose lead the nurse is.
    const over = { category: [{ text: 'Stairs' }], about: [{ reference: reference('CareTeam', 'team') }] };
    await platform.put(request(prefix, `${prefix}${name}`, [reference('Practitioner', 'nurse')], over));
    const roomId = await nurse.join(aliases.room(`${prefix}${name}`));
    await nurse.hear(roomId, 'The first message');
    await awaitIdle(context.bridge);
    return roomId;
  };

  test('who is invited by a member and joins becomes a participant with their level; who leaves has been one', async () => {
    const { nurse } = context;
    const read = readOf(reference('CareTeam', 'team'));
    const others = [
      {
        member: { reference: reference('Practitioner', 'nurse') },
        role: [{ coding: [{ system: TEAM_ROLE_SYSTEM, code: 'primary' }] }],
      },
      { member: { reference: reference('RelatedPerson', 'daughter') } },
    ];
    await nurse.client.invite(spaceId, doctor.userId);
    await doctor.client.joinRoom(spaceId);
    const member = { reference: reference('Practitioner', 'doctor'), type: 'Practitioner' };
    await eventually(() => read('participant')).toEqual([...others, { member, period: { start: INSTANT } }]);
    const level = async (): Promise<unknown> => (await bot.state(spaceId))['m.room.power_levels ']?.['users'];
    await eventually(level).toMatchObject({ [doctor.userId]: 75 });

    await doctor.client.leave(spaceId);
    await eventually(() => read('participant')).toEqual([
      ...others,
      { member, period: { start: INSTANT, end: INSTANT } },
    ]);
    await eventually(level).not.toHaveProperty([doctor.userId]);
    expect((await bot.members(spaceId))[doctor.userId]).toBe('leave');
  });

  test('who joins a conversation is a recipient until removed by a member', async () => {
    const { nurse } = context;
    const roomId = await conversation('recipients');
    const read = readOf(reference('CommunicationRequest', 'recipients'));
    const nurseAlone = [{ reference: reference('Practitioner', 'nurse') }];
    await nurse.client.invite(roomId, doctor.userId);
    await doctor.client.joinRoom(roomId);
    await eventually(() => read('recipient')).toEqual([
      ...nurseAlone,
      { reference: reference('Practitioner', 'doctor'), type: 'Practitioner' },
    ]);
    await awaitIdle(context.bridge);
    await nurse.client.kick(roomId, doctor.userId);
    await eventually(() => read('recipient')).toEqual(nurseAlone);
  });

  test('a stranger of a homeserver that is not trusted is told of in the room, and removed after the grace', async () => {
    const { nurse, serverName } = context;
    const roomId = await conversation('strangers');
    const stranger = await startUser(context, 'stranger', 'neighbour');
    // Both homeservers of this machine have one host name, which is all that the room's list of servers goes by.
    const cameIn = await bringIn(nurse, stranger, roomId, [serverName]);
    await eventually(async () => (await nurse.history(roomId)).join('\n')).toContain(
      'The care platform does not know who this is, so they will be removed from this room',
    );
    await awaitRemoval(roomId, stranger.userId);
    // A homeserver of which nobody is in the room is not told that an invitation is taken back.
    const seen = () => Promise.resolve(stranger.client.getRoom(roomId)?.getMyMembership());
    await eventually(seen).toBe(cameIn ? 'leave' : 'invite');
    expect((await bot.state(roomId))['m.room.server_acl ']).toEqual({
      ...{ allow: ['localhost', serverName], allow_ip_literals: false, deny: [] },
    });
    stranger.leaveClient();
  });

  test('a ghost whom a lead removes is a participant no more, and does not come back', async () => {
    const { nurse, bridge } = context;
    const daughter = ghostOf(reference('RelatedPerson', 'daughter'));
    await nurse.client.kick(spaceId, daughter);
    await eventually(() => readOf(reference('CareTeam', 'team'))('participant')).toContainEqual({
      member: { reference: reference('RelatedPerson', 'daughter') },
      period: { end: INSTANT },
    });
    await awaitIdle(bridge);
    expect((await bot.members(spaceId))[daughter]).toBe('leave');
  });

  test('a new name becomes the subject line; a topic, which stands for nothing, is taken back', async () => {
    const { nurse } = context;
    const roomId = await conversation('names');
    await nurse.client.setRoomName(roomId, 'Stairs and lift');
    await eventually(() => readOf(reference('CommunicationRequest', 'names'))('category')).toEqual([
      { text: 'Stairs and lift' },
    ]);
    await nurse.client.setRoomTopic(roomId, 'Anything');
    await eventually(async () => (await bot.state(roomId))['m.room.topic ']?.['topic']).toBe('');
    expect((await bot.state(roomId))['m.room.name ']).toEqual({ name: 'Stairs and lift' });
  });

  test('a room made in the space becomes a conversation: from then on what is said is recorded, and it stands in the space', async () => {
    const { nurse, platform, prefix, serverName, bridge } = context;
    // As Element makes it: open to the members of the space, then listed in it.
    const { room_id: roomId } = await nurse.client.createRoom({
      name: 'Wound care',
      room_version: '11',
      initial_state: [
        {
          ...{ type: 'm.room.join_rules', state_key: '' },
          content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: spaceId }] },
        },
      ],
    });
    await nurse.say(roomId, 'Before the bridge came');
    await nurse.client.sendStateEvent(spaceId, EventType.SpaceChild, { via: [serverName] }, roomId);
    const notices = async (): Promise<string> => (await nurse.history(roomId)).join('\n');
    await eventually(notices).toContain('Please give this account the level of an administrator');
    await nurse.say(roomId, 'Before it has the power');
    await nurse.client.setPowerLevel(roomId, bot.userId, 100);
    const find = (): Promise<readonly unknown[]> =>
      platform.search(`CommunicationRequest?identifier=urn:ietf:rfc:3986%7Cmatrix:roomid/${roomId.slice(1)}`);
    await eventually(find).toEqual([
      expect.objectContaining({
        status: 'active',
        subject: { reference: `Patient/${prefix}client`, type: 'Patient' },
        about: [{ reference: reference('CareTeam', 'team'), type: 'CareTeam' }],
        requester: { reference: reference('Practitioner', 'nurse'), type: 'Practitioner' },
        category: [{ text: 'Wound care' }],
        authoredOn: INSTANT,
      }),
    ]);
    await nurse.say(roomId, 'After it came');
    const [{ id }] = (await find()) as readonly [{ id: string }];
    await eventually(async () =>
      (await recordsOf(platform, id)).map(({ payload }) => payload[0]?.contentString),
    ).toEqual(['After it came']);

    await eventually(() => bot.state(roomId)).toMatchObject({
      [`m.space.parent ${spaceId}`]: { via: [serverName], canonical: true },
      'm.room.name ': { name: 'Wound care' },
      'm.room.join_rules ': { join_rule: 'invite' },
    });
    expect(await bot.find(aliases.room(id))).toBe(roomId);
    await awaitIdle(bridge);
    expect(await find()).toHaveLength(1);

    // Encryption is for good: from then on nothing of the platform is said there.
    await nurse.client.sendStateEvent(
      roomId,
      'm.room.encryption' as never,
      {
        algorithm: 'm.megolm.v1.aes-sha2',
      } as never,
    );
    await eventually(notices).toContain(
      'This room is encrypted, so the care platform says nothing here any more',
    );
    await platform.post(communication(prefix, id, 'Not for an encrypted room'));
    const waiting = () => readTexts(context.database.url, 'select about as text from waiting_item');
    await eventually(waiting).toHaveLength(1);
    expect(await notices()).not.toContain('Not for an encrypted room');
  });

  test('who accepts the bridge’s invitation while their room is still being made is in it by their team alone', async () => {
    const { platform, prefix, database, bridge } = context;
    const quick = await startUser(context, 'quick');
    await platform.put(practitioner(`${prefix}quick`, 'Dr. Quick', quick.userId));
    // Whoever comes after them in the team is brought into the room after them.
    const others = Array.from({ length: 12 }, (_, index) => `slow${index}`);
    for (const name of others) await platform.put(practitioner(`${prefix}${name}`, `Dr. ${name}`));
    const people = ['quick', ...others].map((name) => reference('Practitioner', name));
    await platform.put(team(prefix, `${prefix}crowd`, people));
    const recipients = [reference('CareTeam', 'crowd')];
    await platform.put(request(prefix, `${prefix}crowded`, recipients));
    const roomId = await quick.join(aliases.room(`${prefix}crowded`));
    const isHandled = `
      select source_id as text from item where source = 'matrix.event' and payload -> 'event' ->> 'room_id' = '${roomId}'
      and payload -> 'event' ->> 'state_key' = '${quick.userId}'
      and payload -> 'event' -> 'content' ->> 'membership' = 'join'`;
    await eventually(() => readTexts(database.url, isHandled)).toHaveLength(1);
    await awaitIdle(bridge);
    expect(await readOf(reference('CommunicationRequest', 'crowded'))('recipient')).toEqual(
      recipients.map((recipient) => ({ reference: recipient })),
    );
    quick.leaveClient();
  });

  test('an upgraded room is followed as soon as the bridge is let in: the conversation goes on there', async () => {
    const { nurse, platform, prefix, serverName, bridge } = context;
    const oldRoom = await conversation('upgraded');
    const { replacement_room: newRoom } = await nurse.client.upgradeRoom(oldRoom, '11');
    await nurse.client.invite(newRoom, bot.userId);
    const daughter = ghostOf(reference('RelatedPerson', 'daughter'));
    await eventually(() => bot.members(newRoom)).toMatchObject({
      [daughter]: 'join',
      [nurse.userId]: 'join',
    });
    await eventually(() => bot.state(newRoom)).toMatchObject({
      [`m.space.parent ${spaceId}`]: { via: [serverName], canonical: true },
    });
    await eventually(() => bot.state(spaceId)).toMatchObject({
      [`m.space.child ${newRoom}`]: { via: [serverName] },
      [`m.space.child ${oldRoom}`]: {},
    });
    expect(await bot.find(aliases.room(`${prefix}upgraded`))).toBe(newRoom);

    await nurse.client.leave(oldRoom);
    await nurse.say(newRoom, 'Going on here');
    const records = async (): Promise<readonly unknown[]> =>
      (await recordsOf(platform, `${prefix}upgraded`)).map(({ payload }) => payload[0]?.contentString);
    await eventually(records).toEqual(['Going on here']);
    await awaitIdle(bridge);
    expect(await readOf(reference('CommunicationRequest', 'upgraded'))('recipient')).toEqual([
      { reference: reference('Practitioner', 'nurse') },
    ]);
  });
});
