// Who may set which state, on Synapse and on the stub alike.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import type { Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

const segment = encodeURIComponent;
const FORBIDDEN = { status: 403, errcode: 'M_FORBIDDEN' };
const OK = { status: 200 };

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing).each(['11', '12'])('power in rooms of version %s', (version) => {
    let hs: Subject;
    let bot: MatrixUserId;
    let kim: MatrixUserId;
    let noor: MatrixUserId;
    let client: MatrixUserId;
    let roomId: RoomId;
    /** A test has changed who may do what: the next one begins with another room. */
    let isSpent = true;
    beforeAll(async () => {
      hs = await startSubject(name);
      bot = await hs.ghost('bot');
      kim = await hs.ghost('kim');
      noor = await hs.ghost('noor');
      client = await hs.ghost('client');
    });
    beforeEach(async () => {
      if (!isSpent) return;
      isSpent = false;
      const invite = [kim, noor, client];
      roomId = await hs.homeserver.createRoom(bot, {
        room_version: version,
        power_level_content_override: levels(),
        invite,
      });
      for (const ghost of invite) await hs.homeserver.join(ghost, roomId);
    });
    afterAll(() => hs.end());

    /** The bot above all, Kim and Noor at 50, the client at 25. */
    function levels(over: object = {}) {
      return {
        users: { ...(version === '11' && { [bot]: 110 }), [kim]: 50, [noor]: 50 },
        users_default: 25,
        events: { 'm.room.name': 75, 'm.room.message': 30, 'm.room.power_levels': 50 },
        events_default: 75,
        state_default: 40,
        invite: 50,
        notifications: { room: 50 },
        ...over,
      };
    }
    const put = (as: string, type: string, body: unknown, key = '') =>
      hs.ask('PUT', `/rooms/${segment(roomId)}/state/${type}/${segment(key)}`, { as, body });
    const putLevels = async (as: string, over: object) => {
      const answer = await put(as, 'm.room.power_levels', {
        ...{ ban: 50, kick: 50, redact: 50, historical: 100 },
        ...levels(over),
      });
      isSpent ||= answer.status === 200;
      return answer;
    };
    const send = (as: string, type: string) =>
      hs.ask('PUT', `/rooms/${segment(roomId)}/send/${type}/${segment(`${roomId}${as}${type}`)}`, {
        as,
        body: { body: 'x', msgtype: 'm.text' },
      });

    test('state and messages demand the level of their type, else the default', async () => {
      expect(await put(kim, 'm.room.name', { name: 'x' })).toMatchObject(FORBIDDEN);
      expect(await put(kim, 'm.room.topic', { topic: 'x' })).toMatchObject(OK);
      expect(await put(client, 'm.room.topic', { topic: 'y' })).toMatchObject(FORBIDDEN);
      expect(await put(bot, 'm.room.name', { name: 'x' })).toMatchObject(OK);
      expect(await send(client, 'm.room.message')).toMatchObject(FORBIDDEN);
      expect(await send(kim, 'm.room.message')).toMatchObject(OK);
      expect(await send(kim, 'm.sticker')).toMatchObject(FORBIDDEN);
      expect(await send(bot, 'm.sticker')).toMatchObject(OK);
    });

    test('inviting demands its own level', async () => {
      const invite = { membership: 'invite' };
      expect(await put(client, 'm.room.member', invite, hs.idOf('someone'))).toMatchObject(FORBIDDEN);
      expect(await put(kim, 'm.room.member', invite, hs.idOf('someone'))).toMatchObject(OK);
    });

    test('state under a user’s id is that user’s', async () => {
      expect(await put(bot, 'custom.user_mappings', { a: 1 }, kim)).toMatchObject(FORBIDDEN);
      expect(await put(kim, 'custom.user_mappings', { a: 1 }, kim)).toMatchObject(OK);
      expect(await put(client, 'custom.user_mappings', { a: 1 }, client)).toMatchObject(FORBIDDEN);
    });

    test('state that is so already makes no event, unless another says it', async () => {
      const topic = (as: string) => put(as, 'm.room.topic', { topic: 'same', more: { b: 1, a: 2 } });
      const first = (await topic(kim)).body;
      expect((await topic(kim)).body).toEqual(first);
      expect((await put(kim, 'm.room.topic', { more: { a: 2, b: 1 }, topic: 'same' })).body).toEqual(first);
      const second = (await topic(bot)).body;
      expect(second).not.toEqual(first);
      expect((await topic(kim)).body).not.toEqual(second);
    });

    test('what is so already is no trouble for who could not make it so', async () => {
      const topic = () => put(kim, 'm.room.topic', { topic: 'before' });
      const first = (await topic()).body;
      expect(await putLevels(bot, { state_default: 75 })).toMatchObject(OK);
      expect((await topic()).body).toEqual(first);
    });

    test('nobody gives more than they have, nor takes from their equals', async () => {
      expect(await putLevels(kim, { users: { ...levels().users, [kim]: 60 } })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { users: { ...levels().users, [client]: 60 } })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { users: { ...levels().users, [noor]: 10 } })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { events: { ...levels().events, x: 60 } })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { events: { 'm.room.power_levels': 50 } })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { events_default: 50 })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { state_default: 60 })).toMatchObject(FORBIDDEN);
      expect(await putLevels(kim, { notifications: { room: 60 } })).toMatchObject(FORBIDDEN);
      expect(await putLevels(client, {})).toMatchObject(FORBIDDEN);
    });

    test('up to their own level they may give, and give up their own', async () => {
      expect(await putLevels(kim, { users: { ...levels().users, [client]: 40 } })).toMatchObject(OK);
      expect(await putLevels(kim, { events: { ...levels().events, x: 50 } })).toMatchObject(OK);
      expect(await putLevels(kim, { users: { ...levels().users, [kim]: 30 } })).toMatchObject(OK);
      expect(await putLevels(kim, {})).toMatchObject(FORBIDDEN);
    });

    test('the bot stands above its levels in version 12 alone', async () => {
      const lifted = await putLevels(bot, { state_default: 1000 });
      expect(lifted).toMatchObject(version === '12' ? OK : FORBIDDEN);
      const listed = await putLevels(bot, { users: { ...levels().users, [bot]: 105 } });
      expect(listed).toMatchObject(version === '12' ? { status: 400, errcode: 'M_UNKNOWN' } : OK);
    });

    test('levels that are none are refused', async () => {
      expect(await putLevels(bot, { ban: '50' })).toMatchObject({ status: 400, errcode: 'M_BAD_JSON' });
      expect(await putLevels(bot, { users: { ...levels().users, x: 1 } })).toMatchObject({
        status: 400,
        errcode: 'M_UNKNOWN',
      });
    });

    test('a canonical alias must point at the room', async () => {
      const localpart = hs.aliasName(`canonical${version}${String(Math.random()).slice(2)}`);
      const alias = `#${localpart}:${hs.serverName}`;
      const name = () => put(bot, 'm.room.canonical_alias', { alias });
      expect(await name()).toMatchObject({ status: 400, errcode: 'M_BAD_ALIAS' });
      await hs.ask('PUT', `/directory/room/${segment(alias)}`, { as: bot, body: { room_id: roomId } });
      expect(await name()).toMatchObject(OK);
    });

    test('a list of servers must have one’s own, with its port', async () => {
      const list = (...allow: readonly string[]) => put(bot, 'm.room.server_acl', { allow, deny: [] });
      expect(await list('elsewhere.example')).toMatchObject({ status: 400, errcode: 'M_UNKNOWN' });
      expect(await list('elsewhere.example', hs.serverName)).toMatchObject(OK);
    });

    test('a room is not made twice, and bodies are objects', async () => {
      expect(await put(bot, 'm.room.create', { room_version: version })).toMatchObject({
        status: 400,
        errcode: 'M_INVALID_PARAM',
      });
      expect(await put(bot, 'm.room.name', '{')).toMatchObject({ status: 400, errcode: 'M_NOT_JSON' });
      expect(await put(bot, 'm.room.name', '[]')).toMatchObject({ status: 400, errcode: 'M_BAD_JSON' });
    });

    test('a state event is read back; one that is not there is not found', async () => {
      await put(bot, 'm.room.name', { name: 'Room' });
      const read = (type: string) => hs.homeserver.stateEvent(client, roomId, { type, state_key: '' });
      expect(await read('m.room.name')).toEqual({ name: 'Room' });
      expect(await read('m.room.avatar')).toBeUndefined();
    });

    test('who is not in the room sets nothing', async () => {
      isSpent = true;
      await hs.homeserver.leave(noor, roomId);
      expect(await put(noor, 'm.room.topic', { topic: 'x' })).toMatchObject(FORBIDDEN);
      expect(await send(noor, 'm.room.message')).toMatchObject(FORBIDDEN);
      const nowhere = hs.ask('PUT', `/rooms/${segment(`!none:${hs.serverName}`)}/state/m.room.topic/`, {
        as: noor,
        body: { topic: 'x' },
      });
      expect(await nowhere).toMatchObject(FORBIDDEN);
    });
  });
});
