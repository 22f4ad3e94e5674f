// Accounts and tokens, on Synapse and on the stub alike.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../stack/wait.ts';
import type { Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

const segment = encodeURIComponent;

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing)('accounts', () => {
    let hs: Subject;
    beforeAll(async () => {
      hs = await startSubject(name);
    });
    afterAll(() => hs.end());

    const registering = (username: string, more: object = { inhibit_login: true }) =>
      hs.ask('POST', '/register', {
        as: hs.idOf('anyone'),
        device: undefined,
        body: { type: 'm.login.application_service', username, ...more },
      });
    const localpart = (ghost: string): string => hs.idOf(ghost).slice(1).replace(/:.*/, '');

    test('a ghost is registered once, within the namespace, and never logged in', async () => {
      expect(await registering(localpart('once'))).toMatchObject({
        status: 200,
        body: { user_id: hs.idOf('once') },
      });
      expect(await registering(localpart('once'))).toMatchObject({ status: 400, errcode: 'M_USER_IN_USE' });
      expect(await registering('a-human')).toMatchObject({ status: 400, errcode: 'M_EXCLUSIVE' });
      expect(await registering(localpart('login'), {})).toMatchObject({
        status: 400,
        errcode: 'M_APPSERVICE_LOGIN_UNSUPPORTED',
      });
    });

    test('a device is made once', async () => {
      const as = await hs.ghost('device');
      const put = () =>
        hs.ask('PUT', '/devices/OTHER', { as, device: undefined, body: { display_name: 'Other' } });
      expect((await put()).status).toBe(201);
      expect((await put()).status).toBe(200);
      expect((await hs.ask('GET', '/account/whoami', { as, device: 'OTHER' })).body).toEqual({
        user_id: as,
        is_guest: false,
        device_id: 'OTHER',
      });
    });

    test('nobody acts without the token, as somebody else, or with a device that is not there', async () => {
      const as = await hs.ghost('someone');
      const whoami = (asking: object) => hs.ask('GET', '/account/whoami', asking);
      const refused = async (asking: object) => {
        const { status, errcode } = await whoami(asking);
        return [status, errcode];
      };
      expect(await refused({ token: undefined })).toEqual([401, 'M_MISSING_TOKEN']);
      expect(await refused({ token: 'wrong' })).toEqual([401, 'M_UNKNOWN_TOKEN']);
      expect(await refused({ as: hs.idOf('nobody') })).toEqual([403, 'M_FORBIDDEN']);
      expect(await refused({ as: `@human:${hs.serverName}` })).toEqual([403, 'M_FORBIDDEN']);
      expect(await refused({ as, device: 'NONE' })).toEqual([400, 'M_UNKNOWN_DEVICE']);
      expect((await whoami({ as, device: undefined })).body).toEqual({ user_id: as, is_guest: false });
    });

    test('a ghost is called by its localpart until it is given a name', async () => {
      const as = await hs.ghost('named');
      const profile = async () => (await hs.ask('GET', `/profile/${segment(as)}`, { as })).body;
      expect(await profile()).toEqual({ displayname: localpart('named') });
      await hs.homeserver.setDisplayName(as, 'Noor');
      await hs.ask('PUT', `/profile/${segment(as)}/avatar_url`, { as, body: { avatar_url: 'mxc://a/b' } });
      expect(await profile()).toEqual({ displayname: 'Noor', avatar_url: 'mxc://a/b' });
      expect((await hs.ask('GET', `/profile/${segment(as)}/displayname`, { as })).body).toEqual({
        displayname: 'Noor',
      });
    });

    test('a profile is its owner’s to change; who is unknown has none', async () => {
      const [as, other] = [await hs.ghost('owner'), await hs.ghost('other')];
      const path = `/profile/${segment(other)}/displayname`;
      expect(await hs.ask('PUT', path, { as, body: { displayname: 'Mine' } })).toMatchObject({
        status: 400,
        errcode: 'M_FORBIDDEN',
      });
      expect(await hs.ask('GET', `/profile/${segment(hs.idOf('none'))}/displayname`, { as })).toMatchObject({
        status: 404,
        errcode: 'M_NOT_FOUND',
      });
    });

    test('a profile is read whole, and without a picture where there is none', async () => {
      const as = await hs.ghost('seen');
      await hs.homeserver.setDisplayName(as, 'Seen');
      await hs.homeserver.setAvatar(as, 'mxc://example.org/1');
      const shown = { displayname: 'Seen', avatar_url: 'mxc://example.org/1' };
      expect(await hs.homeserver.profile(as)).toMatchObject(shown);
      const { avatar_url: none } = await hs.homeserver.profile(await hs.ghost('plain'));
      expect(none ?? undefined).toBeUndefined();
    });

    test('the default version of rooms is announced, and is what a room gets that names none', async () => {
      const as = await hs.ghost('maker');
      const version = await hs.homeserver.defaultRoomVersion(as);
      const roomId = await hs.homeserver.createRoom(as, {});
      const create = { type: 'm.room.create', state_key: '' };
      expect(await hs.homeserver.stateEvent(as, roomId, create)).toMatchObject({ room_version: version });
    });

    test('a new name is shown in the rooms that the ghost is in', async () => {
      const as = await hs.ghost('renamed');
      const roomId = await hs.homeserver.createRoom(as, { room_version: '12' });
      await hs.homeserver.setDisplayName(as, 'Renamed');
      const member = () => hs.homeserver.stateEvent(as, roomId, { type: 'm.room.member', state_key: as });
      const shown = async () => {
        const content = await member();
        return content?.['displayname'] === 'Renamed' && content;
      };
      expect(await waitUntil(shown, { what: 'the name is shown', timeoutMs: 30_000, everyMs: 20 })).toEqual({
        displayname: 'Renamed',
        membership: 'join',
      });
    });

    test('what there is not is not recognised', async () => {
      const as = await hs.ghost('lost');
      expect(await hs.ask('GET', '/nothing', { as })).toMatchObject({
        status: 404,
        errcode: 'M_UNRECOGNIZED',
      });
      expect(await hs.ask('PATCH', '/account/whoami', { as })).toMatchObject({
        status: 405,
        errcode: 'M_UNRECOGNIZED',
      });
    });

    test('an upload is given an address', async () => {
      const as = await hs.ghost('uploader');
      const { status, body } = await hs.ask('POST', '/_matrix/media/v3/upload', { as, body: 'a text' });
      expect(status).toBe(200);
      expect(body['content_uri']).toMatch(/^mxc:\/\/[^/]+\/[A-Za-z0-9_-]{24}$/);
    });
  });
});
