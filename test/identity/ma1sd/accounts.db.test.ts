// The ma1sd backend's questions about accounts: logins and profiles, both off unless turned on, and slow to refuse.
import { describe, expect, test } from 'vitest';
import { entry, useWorlds } from '../world.ts';

const start = useWorlds();
const LOGIN = { BRIDGE_IDENTITY_PASSWORD_LOGIN: 'true' };
const PROFILES = { BRIDGE_IDENTITY_PROFILES: 'true' };

describe('auth/login', () => {
  const request = (mxid: string, password: string) => {
    const [localpart = '', domain = ''] = mxid.slice(1).split(':');
    return { auth: { mxid, localpart, domain, password } };
  };
  const refused = [200, { auth: { success: false } }];

  test('is off unless the operator turned it on', async () => {
    const { ask, directory } = await start();
    directory.logins.set('an', entry('@an:hs.example', 'An Jansen'));
    const { status, body } = await ask('auth/login', request('@an:hs.example', 'right'));
    expect([status, body]).toEqual(refused);
  });

  test('tells who logged in, with their name and e-mail address only', async () => {
    const { ask, directory } = await start(LOGIN);
    directory.logins.set(
      'an',
      entry('@an:hs.example', 'An Jansen', [
        { medium: 'email', address: 'an@hs.example' },
        { medium: 'uzi_nr', address: '900000009' },
      ]),
    );
    const { status, body } = await ask('auth/login', request('@an:hs.example', 'right'));
    expect([status, body]).toEqual([
      200,
      {
        auth: {
          success: true,
          id: { type: 'localpart', value: 'an' },
          profile: {
            display_name: 'An Jansen',
            three_pids: [{ medium: 'email', address: 'an@hs.example' }],
          },
        },
      },
    ]);
  });

  test.each([
    ['a wrong password', request('@an:hs.example', 'wrong')],
    ['an account that is not there', request('@nobody:hs.example', 'right')],
    ['a user of another homeserver', request('@an:other.example', 'right')],
    ['an account of another name', request('@loose:hs.example', 'right')],
    [
      'parts that contradict each other',
      { auth: { mxid: '@an:hs.example', localpart: 'bo', domain: 'hs.example', password: 'right' } },
    ],
  ])('refuses %s, as slowly as any other', async (_, body) => {
    const { ask, directory } = await start(LOGIN);
    directory.logins.set('an', entry('@an:hs.example', 'An Jansen'));
    directory.logins.set('loose', entry('@an:hs.example', 'An Jansen'));
    const answer = await ask('auth/login', body);
    expect([answer.status, answer.body]).toEqual(refused);
  });

  test('takes the same half second for a success, a wrong password and nobody', async () => {
    const { ask, directory } = await start(LOGIN);
    directory.logins.set('an', entry('@an:hs.example', 'An Jansen'));
    const bodies = [
      request('@an:hs.example', 'right'),
      request('@an:hs.example', 'wrong'),
      request('@nobody:hs.example', 'wrong'),
      request('@an:other.example', 'wrong'),
    ];
    const times = await Promise.all(
      bodies.map(async (body) => {
        const before = performance.now();
        await ask('auth/login', body);
        return performance.now() - before;
      }),
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(495);
    expect(Math.max(...times)).toBeLessThan(1_500);
  });

  test('refuses the right password too after five attempts', async () => {
    const { ask, directory } = await start(LOGIN);
    directory.logins.set('an', entry('@an:hs.example', 'An Jansen'));
    await Promise.all(Array.from({ length: 5 }, () => ask('auth/login', request('@an:hs.example', 'wrong'))));
    const { status, body } = await ask('auth/login', request('@an:hs.example', 'right'));
    expect([status, body]).toEqual(refused);
  });

  test('refuses when the directory is down', async () => {
    const { ask, directory } = await start(LOGIN);
    directory.down = true;
    const { status, body } = await ask('auth/login', request('@an:hs.example', 'right'));
    expect([status, body]).toEqual(refused);
  });
});

describe('profile', () => {
  const an = entry('@an:hs.example', 'An Jansen', [
    { medium: 'email', address: 'an@hs.example' },
    { medium: 'role_code', address: '01.015' },
  ]);
  const request = { localpart: 'an', domain: 'hs.example', mxid: '@an:hs.example' };

  test.each([
    ['displayName', { profile: { display_name: 'An Jansen' } }],
    [
      'threepids',
      {
        profile: {
          threepids: [
            { medium: 'email', address: 'an@hs.example' },
            { medium: 'role_code', address: '01.015' },
          ],
        },
      },
    ],
    ['roles', { profile: { roles: ['01.015'] } }],
  ])('%s answers its own field', async (path, expected) => {
    const { ask, directory } = await start(PROFILES);
    directory.entries = [an];
    const { status, body } = await ask(`profile/${path}`, request);
    expect([status, body]).toEqual([200, expected]);
  });

  test.each(['displayName', 'threepids', 'roles'])(
    '%s answers 404 for all else: ma1sd fails on any other status',
    async (path) => {
      const off = await start();
      off.directory.entries = [an];
      const on = await start(PROFILES);
      const down = await start(PROFILES);
      down.directory.down = true;
      const answers = [
        await off.ask(`profile/${path}`, request),
        await on.ask(`profile/${path}`, request),
        await on.ask(`profile/${path}`, { ...request, mxid: '@an:other.example' }),
        await on.ask(`profile/${path}`, {}),
        await down.ask(`profile/${path}`, request),
      ];
      expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [404, {}]));
    },
  );
});
