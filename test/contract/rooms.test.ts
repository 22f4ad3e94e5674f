// What a new room is like, and its alias, on Synapse and on the stub alike.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MatrixUserId, RoomAlias, RoomId } from '../../src/domain/ids.ts';
import type { Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

const segment = encodeURIComponent;

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing).each(['11', '12'])('rooms of version %s', (version) => {
    let hs: Subject;
    let bot: MatrixUserId;
    let ghost: MatrixUserId;
    beforeAll(async () => {
      hs = await startSubject(name);
      bot = await hs.ghost(`bot${version}`);
      ghost = await hs.ghost(`ghost${version}`);
      await hs.homeserver.setDisplayName(bot, 'Bridge');
      await hs.homeserver.setDisplayName(ghost, 'Kim');
    });
    afterAll(() => hs.end());

    const aliasOf = (localpart: string) => `#${localpart}:${hs.serverName}` as RoomAlias;
    const creating = (body: object) =>
      hs.ask('POST', '/createRoom', { as: bot, body: { room_version: version, ...body } });
    const listed = (users: Record<string, number>) => (version === '11' ? { [bot]: 110, ...users } : users);

    test('stands in no public directory, and is taken off by who has the power over its aliases', async () => {
      const roomId = await hs.homeserver.createRoom(bot, { room_version: version, invite: [ghost] });
      await hs.homeserver.join(ghost, roomId);
      expect(await hs.homeserver.isListed(bot, roomId)).toBe(false);
      await hs.homeserver.unlist(bot, roomId);
      expect(await hs.homeserver.isListed(bot, roomId)).toBe(false);
      const path = `/directory/list/room/${segment(roomId)}`;
      const asked = await hs.ask('PUT', path, { as: ghost, body: { visibility: 'private' } });
      expect(asked).toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
      const nowhere = `!none:${hs.serverName}` as RoomId;
      expect(await hs.homeserver.isListed(bot, nowhere)).toBe(false);
    });

    test('a private chat is as the preset says', async () => {
      const roomId = await hs.homeserver.createRoom(bot, { room_version: version, preset: 'private_chat' });
      expect(await hs.stateOf(bot, roomId)).toEqual([
        ['m.room.create', '', { room_version: version }],
        ['m.room.guest_access', '', { guest_access: 'can_join' }],
        ['m.room.history_visibility', '', { history_visibility: 'shared' }],
        ['m.room.join_rules', '', { join_rule: 'invite' }],
        ['m.room.member', bot, { displayname: 'Bridge', membership: 'join' }],
        [
          'm.room.power_levels',
          '',
          {
            users: version === '11' ? { [bot]: 100 } : {},
            users_default: 0,
            events: {
              'm.room.name': 50,
              'm.room.power_levels': 100,
              'm.room.history_visibility': 100,
              'm.room.canonical_alias': 50,
              'm.room.avatar': 50,
              'm.room.tombstone': version === '11' ? 100 : 150,
              'm.room.server_acl': 100,
              'm.room.encryption': 100,
            },
            events_default: 0,
            state_default: 50,
            ban: 50,
            kick: 50,
            redact: 50,
            invite: 0,
            historical: 100,
          },
        ],
      ]);
    });

    test('a space with alias, state, levels and guests is as the request says', async () => {
      const roomAlias = hs.aliasName(`space${version}`);
      const stranger = hs.idOf('not registered');
      const roomId = await hs.homeserver.createRoom(bot, {
        room_version: version,
        room_alias_name: roomAlias,
        visibility: 'private',
        preset: 'private_chat',
        creation_content: { type: 'm.space', marker: 'ours' },
        initial_state: [
          { type: 'm.room.name', state_key: '', content: { name: 'Care team' } },
          { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
          { type: 'm.space.child', state_key: '!child:h', content: { via: ['h'] } },
        ],
        topic: 'A topic',
        power_level_content_override: {
          users: listed({ [ghost]: 50 }),
          events: { 'm.room.name': 100 },
          notifications: { room: 75 },
          invite: 75,
        },
        invite: [ghost, stranger],
      });
      expect(await hs.stateOf(bot, roomId)).toEqual([
        ['m.room.canonical_alias', '', { alias: aliasOf(roomAlias) }],
        ['m.room.create', '', { type: 'm.space', marker: 'ours', room_version: version }],
        ['m.room.guest_access', '', { guest_access: 'forbidden' }],
        ['m.room.history_visibility', '', { history_visibility: 'shared' }],
        ['m.room.join_rules', '', { join_rule: 'invite' }],
        ...[
          ['m.room.member', bot, { displayname: 'Bridge', membership: 'join' }],
          ['m.room.member', ghost, { displayname: 'Kim', membership: 'invite' }],
          ['m.room.member', stranger, { membership: 'invite' }],
        ].toSorted(([, one = ''], [, other = '']) => (one < other ? -1 : 1)),
        ['m.room.name', '', { name: 'Care team' }],
        [
          'm.room.power_levels',
          '',
          {
            users: listed({ [ghost]: 50 }),
            users_default: 0,
            events: { 'm.room.name': 100 },
            events_default: 0,
            state_default: 50,
            ban: 50,
            kick: 50,
            redact: 50,
            invite: 75,
            notifications: { room: 75 },
            historical: 100,
          },
        ],
        ['m.room.topic', '', { topic: 'A topic', 'm.topic': { 'm.text': [{ body: 'A topic' }] } }],
        ['m.space.child', '!child:h', { via: ['h'] }],
      ]);
    });

    test('initial state keeps the alias from being shown, and replaces the levels', async () => {
      const roomId = await hs.homeserver.createRoom(bot, {
        room_version: version,
        room_alias_name: hs.aliasName(`hidden${version}`),
        initial_state: [
          { type: 'm.room.canonical_alias', content: {} },
          { type: 'm.room.power_levels', content: { users: listed({}), state_default: 10 } },
        ],
        power_level_content_override: { users: listed({}), state_default: 20 },
      });
      const content = (type: string) => hs.homeserver.stateEvent(bot, roomId, { type, state_key: '' });
      expect(await content('m.room.canonical_alias')).toEqual({});
      expect(await content('m.room.power_levels')).toEqual({ users: listed({}), state_default: 10 });
    });

    test('an alias that is taken stays where it points', async () => {
      const localpart = hs.aliasName(`taken${version}`);
      const roomId = await hs.homeserver.createRoom(bot, {
        room_version: version,
        room_alias_name: localpart,
      });
      expect(await creating({ room_alias_name: localpart })).toMatchObject({
        status: 400,
        errcode: 'M_ROOM_IN_USE',
      });
      const path = `/directory/room/${segment(aliasOf(localpart))}`;
      expect(await hs.ask('PUT', path, { as: bot, body: { room_id: roomId } })).toMatchObject({
        status: 409,
        errcode: 'M_UNKNOWN',
      });
      expect(await hs.homeserver.resolveAlias(bot, aliasOf(localpart))).toBe(roomId);
      expect(await hs.ask('GET', path, { token: undefined })).toEqual({
        status: 200,
        errcode: undefined,
        body: { room_id: roomId, servers: [hs.serverName] },
      });
    });

    test('of rooms made at once under one alias, one is made', async () => {
      const localpart = hs.aliasName(`raced${version}`);
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => creating({ room_alias_name: localpart })),
      );
      const made = answers.filter(({ status }) => status === 200);
      expect(made).toHaveLength(1);
      for (const { status, errcode } of answers.filter((answer) => answer.status !== 200))
        expect(['400 M_ROOM_IN_USE', '409 M_UNKNOWN']).toContain(`${status} ${errcode ?? ''}`);
      expect(await hs.homeserver.resolveAlias(bot, aliasOf(localpart))).toBe(made[0]?.body['room_id']);
    });

    test('an alias can be taken away and given to another room', async () => {
      const localpart = hs.aliasName(`moved${version}`);
      await hs.homeserver.createRoom(bot, { room_version: version, room_alias_name: localpart });
      const other = await hs.homeserver.createRoom(bot, { room_version: version });
      await hs.homeserver.deleteAlias(bot, aliasOf(localpart));
      await hs.homeserver.deleteAlias(bot, aliasOf(localpart));
      expect(await hs.homeserver.resolveAlias(bot, aliasOf(localpart))).toBeUndefined();
      const path = `/directory/room/${segment(aliasOf(localpart))}`;
      expect(await hs.ask('PUT', path, { as: bot, body: { room_id: '!none:h' } })).toMatchObject({
        status: 400,
        errcode: 'M_UNKNOWN',
      });
      expect(await hs.ask('PUT', path, { as: bot, body: { room_id: other } })).toMatchObject({ status: 200 });
      expect(await hs.homeserver.resolveAlias(bot, aliasOf(localpart))).toBe(other);
    });

    test('aliases of others are not the bridge’s to give or take', async () => {
      const roomId = await hs.homeserver.createRoom(bot, { room_version: version });
      const path = `/directory/room/${segment(aliasOf('lounge'))}`;
      const refused = { status: 400, errcode: 'M_EXCLUSIVE' };
      expect(await creating({ room_alias_name: 'lounge' })).toMatchObject(refused);
      expect(await hs.ask('PUT', path, { as: bot, body: { room_id: roomId } })).toMatchObject(refused);
      expect(await hs.ask('DELETE', path, { as: bot })).toMatchObject(refused);
    });

    test('levels that break the rule of creators are refused', async () => {
      const localpart = hs.aliasName(`creator${version}`);
      const answer = await creating({
        room_alias_name: localpart,
        power_level_content_override: { users: version === '11' ? { [ghost]: 50 } : { [bot]: 100 } },
      });
      expect(answer).toMatchObject({ status: 400, errcode: 'M_UNKNOWN' });
      const roomId = await hs.homeserver.resolveAlias(bot, aliasOf(localpart));
      // In version 12 the rule is checked when the room is there already.
      if (version === '11') expect(roomId).toBeUndefined();
      else if (roomId !== undefined)
        expect(await hs.stateOf(bot, roomId)).toEqual([
          ['m.room.create', '', { room_version: '12' }],
          ['m.room.member', bot, { displayname: 'Bridge', membership: 'join' }],
        ]);
    });

    test('what no room can be made of is refused', async () => {
      const refused = async (body: object) => {
        const { status, errcode } = await creating(body);
        return [status, errcode];
      };
      expect(await refused({ room_version: 'x' })).toEqual([400, 'M_UNSUPPORTED_ROOM_VERSION']);
      expect(await refused({ preset: 'x' })).toEqual([400, 'M_BAD_JSON']);
      expect(await refused({ invite: ['nobody'] })).toEqual([400, 'M_UNKNOWN']);
      expect(await refused({ room_alias_name: 'careteam/a:b' })).toEqual([400, 'M_UNKNOWN']);
    });
  });
});
