// The ma1sd backend keeps to ma1sd 2.5.0's contract, body for body, failures included.
// https://github.com/ma1uta/ma1sd/blob/master/docs/stores/rest.md
import { describe, expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { entry, found, SECRET, useWorlds } from '../world.ts';

const start = useWorlds();
const LOGIN = { BRIDGE_IDENTITY_PASSWORD_LOGIN: 'true' };
const PROFILES = { BRIDGE_IDENTITY_PROFILES: 'true' };

describe('identity/single', () => {
  test('finds a user, of whichever homeserver, by their full id', async () => {
    const { ask, directory } = await start();
    directory.people.set('uzi_nr 900000009', found('@an:other.example'));
    expect(
      await ask('identity/single', { lookup: { medium: 'uzi_nr', address: '900000009' } }),
    ).toMatchObject({
      status: 200,
      body: {
        lookup: {
          medium: 'uzi_nr',
          address: '900000009',
          id: { type: 'mxid', value: '@an:other.example' },
        },
      },
    });
  });

  test('gives the identifier back as it was asked, and asks the directories for its canonical form', async () => {
    const { ask, directory } = await start();
    directory.people.set('email an@hs.example', found('@an:hs.example'));
    const { body } = await ask('identity/single', { lookup: { medium: 'email', address: 'An@HS.example' } });
    expect(body).toEqual({
      lookup: { medium: 'email', address: 'An@HS.example', id: { type: 'mxid', value: '@an:hs.example' } },
    });
  });

  test.each([
    ['an unknown address', { medium: 'email', address: 'nobody@hs.example' }],
    ['an ambiguous address', { medium: 'email', address: 'front-desk@hs.example' }],
    ['an address that is none', { medium: 'uzi_nr', address: 'not a number' }],
    ['a medium that nobody knows', { medium: 'msisdn', address: '31612345678' }],
    ['a medium that is off', { medium: 'ura_nr', address: '00000001' }],
    ['a citizen’s number', { medium: 'bsn', address: '999990019' }],
  ])('answers {} for %s', async (_, lookup) => {
    const { ask, directory } = await start();
    directory.people.set('email front-desk@hs.example', { kind: 'ambiguous' });
    directory.people.set('ura_nr 00000001', found('@an:hs.example'));
    const { status, body } = await ask('identity/single', { lookup });
    expect([status, body]).toEqual([200, {}]);
  });

  test.each(['down', 'silent'] as const)('answers 503 when the directory is %s, in time', async (state) => {
    const { ask, directory } = await start();
    directory.people.set('email an@hs.example', state);
    const before = performance.now();
    const { status, body } = await ask('identity/single', {
      lookup: { medium: 'email', address: 'an@hs.example' },
    });
    expect([status, body]).toEqual([503, { errcode: 'M_UNKNOWN', error: 'The directories do not answer' }]);
    expect(performance.now() - before).toBeLessThan(1_900);
  });

  test.each([
    ['no JSON', '{', { errcode: 'M_NOT_JSON', error: 'The request cannot be read' }],
    ['nothing', '', { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: lookup' }],
    ['a list', [], { errcode: 'M_BAD_JSON', error: 'Expected a JSON object' }],
    ['no question', {}, { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: lookup' }],
    [
      'half a question',
      { lookup: { medium: 'email' } },
      { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: lookup.address' },
    ],
    [
      'another type',
      { lookup: { medium: 'email', address: 7 } },
      { errcode: 'M_INVALID_PARAM', error: 'Invalid parameters: lookup.address' },
    ],
  ])('refuses %s without quoting it', async (_, asked, expected) => {
    const { ask } = await start();
    const { status, body } = await ask('identity/single', asked);
    expect([status, body]).toEqual([400, expected]);
  });

  test('refuses bodies over 64 KiB', async () => {
    const { ask } = await start();
    const { status, body } = await ask('identity/single', { lookup: 'x'.repeat(70_000) });
    expect([status, body]).toEqual([413, { errcode: 'M_TOO_LARGE', error: 'The request is too large' }]);
  });
});

describe('identity/bulk', () => {
  test('answers hits only, each with its question byte for byte', async () => {
    const { ask, directory } = await start();
    directory.people.set('email an@hs.example', found('@an:hs.example'));
    directory.people.set('uzi_nr 000000012', found('@bo:other.example'));
    const { status, body } = await ask('identity/bulk', {
      lookup: [
        { medium: 'email', address: 'AN@hs.example' },
        { medium: 'email', address: 'nobody@hs.example' },
        { medium: 'uzi_nr', address: '12' },
      ],
    });
    expect([status, body]).toEqual([
      200,
      {
        lookup: [
          { medium: 'email', address: 'AN@hs.example', id: { type: 'mxid', value: '@an:hs.example' } },
          { medium: 'uzi_nr', address: '12', id: { type: 'mxid', value: '@bo:other.example' } },
        ],
      },
    ]);
  });

  test.each([
    ['nobody is found', [{ medium: 'email', address: 'nobody@hs.example' }]],
    ['nothing is asked', []],
  ])('answers an empty list when %s', async (_, lookup) => {
    const { ask } = await start();
    const { status, body } = await ask('identity/bulk', { lookup });
    expect([status, body]).toEqual([200, { lookup: [] }]);
  });

  test('answers 503 when one look-up fails: ma1sd reads it as nobody, and asks again next time', async () => {
    const { ask, directory } = await start();
    directory.people.set('email an@hs.example', found('@an:hs.example'));
    directory.people.set('email bo@hs.example', 'down');
    const { status, body } = await ask('identity/bulk', {
      lookup: [
        { medium: 'email', address: 'an@hs.example' },
        { medium: 'email', address: 'bo@hs.example' },
      ],
    });
    expect([status, body]).toEqual([503, { errcode: 'M_UNKNOWN', error: 'The directories do not answer' }]);
  });

  test('refuses more than the limit', async () => {
    const { ask } = await start({ BRIDGE_IDENTITY_BULK_LIMIT: '2' });
    const address = { medium: 'email', address: 'an@hs.example' };
    const { status, body } = await ask('identity/bulk', { lookup: [address, address, address] });
    expect([status, body]).toEqual([
      413,
      { errcode: 'M_TOO_LARGE', error: 'More than 2 identifiers in one look-up' },
    ]);
  });

  test('answers 429 when a caller asks for too many', async () => {
    const { ask } = await start({ BRIDGE_IDENTITY_BACKEND_LOOKUPS_PER_MINUTE: '2' });
    const lookup = [
      { medium: 'email', address: 'an@hs.example' },
      { medium: 'email', address: 'bo@hs.example' },
    ];
    expect((await ask('identity/bulk', { lookup })).status).toBe(200);
    const { status, body } = await ask('identity/bulk', { lookup });
    expect([status, body]).toEqual([429, { errcode: 'M_LIMIT_EXCEEDED', error: 'Too many look-ups' }]);
  });
});

describe('directory/user/search', () => {
  const practitioner = 'Practitioner/an' as FhirReference;
  const patient = 'Patient/pat' as FhirReference;

  test('finds users of this homeserver by name, as localparts', async () => {
    const { ask, directory } = await start();
    directory.entries = [
      entry('@an:hs.example', 'An Jansen', [], practitioner),
      entry('@bo:hs.example', undefined),
    ];
    const { status, body } = await ask('directory/user/search', { by: 'name', search_term: 'jans' });
    expect([status, body]).toEqual([
      200,
      { limited: false, results: [{ user_id: 'an', display_name: 'An Jansen' }, { user_id: 'bo' }] },
    ]);
  });

  test('shows neither users of other homeservers nor patients', async () => {
    const { ask, directory } = await start();
    directory.entries = [
      entry('@an:other.example', 'An Jansen', [], practitioner),
      entry('@pat:hs.example', 'Pat Jansen', [], patient),
    ];
    const { status, body } = await ask('directory/user/search', { by: 'name', search_term: 'jans' });
    expect([status, body]).toEqual([200, { limited: false, results: [] }]);
  });

  test('shows at most twenty, and says that there are more', async () => {
    const { ask, directory } = await start();
    directory.entries = Array.from({ length: 30 }, (_, index) => entry(`@user${index}:hs.example`, 'Jansen'));
    const { body } = await ask('directory/user/search', { by: 'name', search_term: 'jans' });
    expect(body).toMatchObject({ limited: true });
    expect((body as { results: unknown[] }).results).toHaveLength(20);
  });

  test('finds a user by an identifier', async () => {
    const { ask, directory } = await start();
    directory.people.set('email an@hs.example', found('@an:hs.example'));
    directory.entries = [entry('@an:hs.example', 'An Jansen')];
    const { status, body } = await ask('directory/user/search', {
      by: 'threepid',
      search_term: 'an@hs.example',
    });
    expect([status, body]).toEqual([
      200,
      { limited: false, results: [{ user_id: 'an', display_name: 'An Jansen' }] },
    ]);
  });

  test.each([
    ['a term of two characters', '@an'],
    ['a term that finds nobody', 'nobody'],
  ])('answers no results for %s', async (_, term) => {
    const { ask } = await start();
    const { status, body } = await ask('directory/user/search', { by: 'name', search_term: term });
    expect([status, body]).toEqual([200, { limited: false, results: [] }]);
  });

  test('by an identifier takes as much of the limit as the look-ups that it makes', async () => {
    const { ask } = await start({
      BRIDGE_IDENTITY_MEDIA: 'email,uzi_nr,ura_nr,role_code',
      BRIDGE_IDENTITY_BACKEND_LOOKUPS_PER_MINUTE: '4',
    });
    // A number of eight digits may be each of the three.
    const search = { by: 'threepid', search_term: '12345678' };
    expect((await ask('directory/user/search', search)).body).toMatchObject({ limited: false });
    expect((await ask('directory/user/search', search)).body).toMatchObject({ limited: true });
  });

  test('answers no results when the directory is down: anything else would fail the client’s whole search', async () => {
    const { ask, directory } = await start();
    directory.down = true;
    const { status, body } = await ask('directory/user/search', { by: 'name', search_term: 'jansen' });
    expect([status, body]).toEqual([200, { limited: false, results: [] }]);
  });
});

test('an unknown endpoint of the backend is none', async () => {
  const { call } = await start();
  const path = '/_ma1sd/backend/api/v1/identity/triple';
  const { status, body } = await call('POST', path, { token: SECRET, body: {} });
  expect([status, body]).toEqual([
    404,
    { errcode: 'M_UNRECOGNIZED', error: 'No such endpoint of the backend' },
  ]);
});

test('each question is in the audit, with who asked and what came of it, and no address anywhere', async () => {
  const { ask, audit, directory, log, pool } = await start({ ...LOGIN, ...PROFILES });
  directory.people.set('email an@hs.example', found('@an:hs.example'));
  await ask('identity/single', { lookup: { medium: 'email', address: 'an@hs.example' } });
  await ask('identity/bulk', { lookup: [{ medium: 'uzi_nr', address: '900000009' }] });
  await ask('directory/user/search', { by: 'name', search_term: 'jansen' });
  await ask('profile/roles', { mxid: '@an:hs.example' });
  await ask('auth/login', { auth: { mxid: '@an:hs.example', password: 'a-password' } });
  expect(await audit()).toEqual([
    { caller: '127.0.0.1', action: 'single', medium: 'email', outcome: 'found' },
    { caller: '127.0.0.1', action: 'bulk', medium: 'uzi_nr', outcome: 'none' },
    { caller: '127.0.0.1', action: 'search', medium: null, outcome: 'none' },
    { caller: '127.0.0.1', action: 'profile', medium: null, outcome: 'none' },
    { caller: '127.0.0.1', action: 'login', medium: null, outcome: 'refused' },
  ]);
  const { rows } = await pool.query('select * from identity_audit');
  expect(JSON.stringify([rows, log.lines])).not.toMatch(/an@hs|900000009|jansen|a-password/i);
});
