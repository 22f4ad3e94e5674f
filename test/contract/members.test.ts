// How members come and go, on Synapse and on the stub alike.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MatrixUserId, RoomAlias, RoomId } from '../../src/domain/ids.ts';
import type { Answer, Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

const segment = encodeURIComponent;
const CONTEXT = { 'nl-ta-chat.invite.context': { version: '1.0', token: 'pseudonym' }, reason: 'Care' };
const FORBIDDEN = { status: 403, errcode: 'M_FORBIDDEN' };
const BAD_STATE = { status: 403, errcode: 'M_BAD_STATE' };

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing).each(['11', '12'])('members of rooms of version %s', (version) => {
    let hs: Subject;
    let bot: MatrixUserId;
    let kim: MatrixUserId;
    let noor: MatrixUserId;
    let roomId: RoomId;
    let lastAlias = 0;
    beforeAll(async () => {
      hs = await startSubject(name);
      bot = await hs.ghost('bot');
      kim = await hs.ghost('kim');
      noor = await hs.ghost('noor');
      for (const ghost of [bot, kim, noor]) await hs.homeserver.setDisplayName(ghost, 'Name');
    });
    beforeEach(async () => {
      lastAlias += 1;
      roomId = await hs.homeserver.createRoom(bot, {
        room_version: version,
        room_alias_name: hs.aliasName(`members${version}-${lastAlias}`),
        power_level_content_override: {
          users: { ...(version === '11' && { [bot]: 110 }), [kim]: 50, [noor]: 50 },
          invite: 50,
        },
        invite: [kim],
      });
    });
    afterAll(() => hs.end());

    const act = (action: string, as: string, body: object = {}): Promise<Answer> =>
      hs.ask('POST', `/rooms/${segment(roomId)}/${action}`, { as, body });
    const putMember = (as: string, target: string, body: object): Promise<Answer> =>
      hs.ask('PUT', `/rooms/${segment(roomId)}/state/m.room.member/${segment(target)}`, { as, body });
    const member = (userId: string) =>
      hs.homeserver.stateEvent(bot, roomId, { type: 'm.room.member', state_key: userId });

    test('an invitation by state keeps what it says besides, until it is accepted', async () => {
      expect(await putMember(bot, noor, { membership: 'invite', ...CONTEXT })).toMatchObject({ status: 200 });
      expect(await member(noor)).toEqual({ displayname: 'Name', membership: 'invite', ...CONTEXT });
      await hs.homeserver.join(noor, roomId);
      expect(await member(noor)).toEqual({ displayname: 'Name', membership: 'join' });
    });

    test('an invitation by POST keeps the reason alone', async () => {
      await act('invite', bot, { user_id: noor, ...CONTEXT });
      expect(await member(noor)).toEqual({ displayname: 'Name', membership: 'invite', reason: 'Care' });
    });

    test('the same invitation again is the same event, and needless for who is there', async () => {
      const invite = () => putMember(bot, noor, { membership: 'invite', ...CONTEXT });
      expect((await invite()).body).toEqual((await invite()).body);
      await hs.homeserver.join(noor, roomId);
      expect(await invite()).toMatchObject(FORBIDDEN);
      expect(await act('invite', bot, { user_id: noor })).toMatchObject(FORBIDDEN);
      await hs.homeserver.invite(bot, roomId, noor);
      expect(await member(noor)).toEqual({ displayname: 'Name', membership: 'join' });
    });

    test('someone who is not known here is invited without a name', async () => {
      const stranger = hs.idOf('stranger');
      await hs.homeserver.invite(bot, roomId, stranger);
      expect(await member(stranger)).toEqual({ membership: 'invite' });
    });

    test('a room that is open to a space lets in who is in the space, and no one else', async () => {
      const spaceId = await hs.homeserver.createRoom(bot, { room_version: version, invite: [noor] });
      const allow = [{ type: 'm.room_membership', room_id: spaceId }];
      await hs.homeserver.putState(bot, roomId, {
        ...{ type: 'm.room.join_rules', state_key: '' },
        content: { join_rule: 'restricted', allow },
      });
      expect(await act('join', noor)).toMatchObject({ status: 403 });
      await hs.homeserver.join(noor, spaceId);
      expect(await act('join', noor)).toMatchObject({ status: 200 });
      expect(await member(noor)).toEqual({
        ...{ displayname: 'Name', membership: 'join' },
        join_authorised_via_users_server: bot,
      });
      // Who was invited needs no one's authority.
      await hs.homeserver.join(kim, roomId);
      expect(await member(kim)).toEqual({ displayname: 'Name', membership: 'join' });
    });

    test('only who is invited joins, by id or alias, and as often as they like', async () => {
      expect(await act('join', noor)).toMatchObject(FORBIDDEN);
      const join = (as: string, where: string) => hs.ask('POST', `/join/${segment(where)}`, { as, body: {} });
      const alias = `#${hs.aliasName(`members${version}-${lastAlias}`)}:${hs.serverName}` as RoomAlias;
      expect(await join(noor, alias)).toMatchObject(FORBIDDEN);
      expect(await join(kim, alias)).toMatchObject({ status: 200, body: { room_id: roomId } });
      expect(await join(kim, roomId)).toMatchObject({ status: 200, body: { room_id: roomId } });
      expect(await act('join', kim)).toMatchObject({ status: 200, body: { room_id: roomId } });
      expect(await join(kim, `#${hs.aliasName('none')}:${hs.serverName}`)).toMatchObject({
        status: 404,
        errcode: 'M_NOT_FOUND',
      });
      expect(await join(kim, `!none:${hs.serverName}`)).toMatchObject({ status: 404, errcode: 'M_UNKNOWN' });
    });

    test('nobody is made to join, nor given a membership that is none', async () => {
      expect(await putMember(bot, noor, { membership: 'join' })).toMatchObject(FORBIDDEN);
      expect(await putMember(bot, noor, { membership: 'x' })).toMatchObject({
        status: 400,
        errcode: 'M_UNKNOWN',
      });
      expect(await putMember(bot, noor, {})).toMatchObject({ status: 400, errcode: 'M_UNKNOWN' });
      expect(await act('invite', bot, { user_id: 'noor' })).toMatchObject({
        status: 400,
        errcode: 'M_INVALID_PARAM',
      });
    });

    test('who is in the room or invited leaves, and may say so again', async () => {
      expect(await act('leave', noor)).toMatchObject(FORBIDDEN);
      expect(await act('leave', kim)).toMatchObject({ status: 200 });
      expect(await act('leave', kim)).toMatchObject({ status: 200 });
      expect(await member(kim)).toEqual({ membership: 'leave' });
      expect(await act('join', kim)).toMatchObject(FORBIDDEN);
    });

    test('who has left sees the room as it was then', async () => {
      await hs.homeserver.join(kim, roomId);
      const before = await hs.stateOf(kim, roomId);
      await hs.homeserver.leave(kim, roomId);
      await hs.homeserver.putState(bot, roomId, {
        type: 'm.room.topic',
        state_key: '',
        content: { topic: 'Later' },
      });
      const after = await hs.stateOf(kim, roomId);
      const others = (state: readonly unknown[]) =>
        state.filter((event) => Array.isArray(event) && event[1] !== kim);
      expect(others(after)).toEqual(others(before));
      expect(after).toContainEqual(['m.room.member', kim, { membership: 'leave' }]);
    });

    test('a room is not shown to who is not in it', async () => {
      const read = (as: string, path: string) => hs.ask('GET', `/rooms/${segment(path)}/state`, { as });
      expect(await read(noor, roomId)).toMatchObject(FORBIDDEN);
      expect(await read(kim, roomId)).toMatchObject(FORBIDDEN);
      expect(await read(kim, `!none:${hs.serverName}`)).toMatchObject(FORBIDDEN);
      await expect(
        hs.homeserver.stateEvent(noor, roomId, { type: 'm.room.name', state_key: '' }),
      ).rejects.toMatchObject(FORBIDDEN);
    });

    test('equals and betters are neither removed nor banned', async () => {
      await hs.homeserver.invite(bot, roomId, noor);
      for (const ghost of [kim, noor]) await hs.homeserver.join(ghost, roomId);
      for (const action of ['kick', 'ban']) {
        expect(await act(action, kim, { user_id: noor })).toMatchObject(FORBIDDEN);
        expect(await act(action, kim, { user_id: bot })).toMatchObject(FORBIDDEN);
      }
      expect(await act('kick', bot, { user_id: noor, reason: 'Moved' })).toMatchObject({ status: 200 });
      expect(await member(noor)).toEqual({ membership: 'leave', reason: 'Moved' });
      expect(await act('kick', bot, { user_id: noor })).toMatchObject(FORBIDDEN);
    });

    test('an invitation is taken back; who never came is not removed', async () => {
      expect(await act('kick', bot, { user_id: kim })).toMatchObject({ status: 200 });
      expect(await member(kim)).toEqual({ membership: 'leave' });
      expect(await act('kick', bot, { user_id: noor })).toMatchObject(FORBIDDEN);
    });

    test('who is banned comes back only when the ban is lifted', async () => {
      expect(await act('ban', bot, { user_id: kim })).toMatchObject({ status: 200 });
      expect(await member(kim)).toEqual({ membership: 'ban' });
      expect(await act('invite', bot, { user_id: kim })).toMatchObject(BAD_STATE);
      expect(await putMember(bot, kim, { membership: 'invite' })).toMatchObject(BAD_STATE);
      expect(await act('join', kim)).toMatchObject(BAD_STATE);
      expect(await act('unban', bot, { user_id: kim })).toMatchObject({ status: 200 });
      expect(await act('unban', bot, { user_id: kim })).toMatchObject(BAD_STATE);
      expect(await act('invite', bot, { user_id: kim })).toMatchObject({ status: 200 });
    });
  });
});
