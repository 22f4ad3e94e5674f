// With `legacyShapes` the backend answers as the June 2025 guide writes it, for the tools that were built after it.
import { expect, test } from 'vitest';
import { entry, found, useWorlds } from '../world.ts';

const start = useWorlds();
const LEGACY = { BRIDGE_IDENTITY_LEGACY_SHAPES: 'true', BRIDGE_IDENTITY_PASSWORD_LOGIN: 'true' };

test('single: a bare id, or nothing', async () => {
  const { ask, directory } = await start(LEGACY);
  directory.people.set('email an@hs.example', found('@an:other.example'));
  const known = await ask('identity/single', { lookup: { medium: 'email', address: 'an@hs.example' } });
  expect([known.status, known.body]).toEqual([200, { id: { type: 'mxid', value: '@an:other.example' } }]);
  const unknown = await ask('identity/single', { lookup: { medium: 'email', address: 'bo@hs.example' } });
  expect([unknown.status, unknown.body]).toEqual([200, {}]);
});

test('bulk: results', async () => {
  const { ask, directory } = await start(LEGACY);
  directory.people.set('email an@hs.example', found('@an:hs.example'));
  const lookup = [
    { medium: 'email', address: 'an@hs.example' },
    { medium: 'email', address: 'bo@hs.example' },
  ];
  const { status, body } = await ask('identity/bulk', { lookup });
  expect([status, body]).toEqual([
    200,
    {
      results: [{ address: 'an@hs.example', medium: 'email', id: { type: 'mxid', value: '@an:hs.example' } }],
    },
  ]);
});

test('search: values, and no need to say what to search by', async () => {
  const { ask, directory } = await start(LEGACY);
  directory.entries = [entry('@an:hs.example', 'An Jansen'), entry('@bo:hs.example', undefined)];
  const { status, body } = await ask('directory/user/search', { search_term: 'jansen' });
  expect([status, body]).toEqual([
    200,
    {
      limited: false,
      results: [
        { value: 'an', display_name: 'An Jansen' },
        { value: 'bo', display_name: 'bo' },
      ],
    },
  ]);
});

test('login: a bare success with roles, or a bare failure', async () => {
  const { ask, directory } = await start(LEGACY);
  directory.logins.set(
    'an',
    entry('@an:hs.example', 'An Jansen', [
      { medium: 'email', address: 'an@hs.example' },
      { medium: 'role_code', address: '01.015' },
    ]),
  );
  const right = await ask('auth/login', { auth: { mxid: '@an:hs.example', password: 'right' } });
  expect([right.status, right.body]).toEqual([
    200,
    {
      success: true,
      id: { type: 'localpart', value: 'an' },
      profile: {
        display_name: 'An Jansen',
        three_pids: [{ medium: 'email', address: 'an@hs.example' }],
        roles: ['01.015'],
      },
    },
  ]);
  const wrong = await ask('auth/login', { auth: { mxid: '@an:hs.example', password: 'wrong' } });
  expect([wrong.status, wrong.body]).toEqual([200, { success: false }]);
});
