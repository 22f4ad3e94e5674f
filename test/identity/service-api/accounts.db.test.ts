// Accounts, terms and the manners of the Identity Service API v2: who may have a token, and what reads how.
import { describe, expect, test } from 'vitest';
import type { SeenRequest } from '../../builders/http.ts';
import { useWorlds } from '../world.ts';

const start = useWorlds();
const V2 = '/_matrix/identity/v2';
const openId = (over: Record<string, unknown> = {}) => ({
  access_token: 'token-of-an',
  token_type: 'Bearer',
  matrix_server_name: 'hs.example',
  expires_in: 3600,
  ...over,
});
const UNVERIFIED = [401, { errcode: 'M_UNAUTHORIZED', error: 'The OpenID token could not be verified' }];
const NO_TOKEN = [401, { errcode: 'M_UNAUTHORIZED', error: 'The access token is missing or not valid' }];

describe('what needs no account', () => {
  test('versions and the ping', async () => {
    const { call } = await start();
    const versions = await call('GET', '/_matrix/identity/versions');
    expect(versions.status).toBe(200);
    expect(versions.body).toEqual({
      versions:
        'v1.1 v1.2 v1.3 v1.4 v1.5 v1.6 v1.7 v1.8 v1.9 v1.10 v1.11 v1.12 v1.13 v1.14 v1.15 v1.16 v1.17 v1.18 v1.19'.split(
          ' ',
        ),
    });
    const ping = await call('GET', V2);
    expect([ping.status, ping.body]).toEqual([200, {}]);
  });

  test.each([
    ['GET', '/_matrix/identity/versions'],
    ['POST', `${V2}/lookup`],
    ['GET', `${V2}/no/such`],
  ])('browsers may call %s %s from anywhere', async (method, path) => {
    const { call } = await start();
    for (const asked of [method, 'OPTIONS']) {
      const { headers } = await call(asked, path);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS');
      expect(headers.get('access-control-allow-headers')).toBe(
        'Origin, X-Requested-With, Content-Type, Accept, Authorization',
      );
    }
    expect((await call('OPTIONS', path)).status).toBe(204);
  });

  test('unknown endpoints, unknown methods, and version 1 of the API', async () => {
    const { call } = await start();
    const unknown = await call('GET', `${V2}/no/such`);
    expect([unknown.status, unknown.body]).toEqual([
      404,
      { errcode: 'M_UNRECOGNIZED', error: 'Unknown endpoint' },
    ]);
    const method = await call('GET', `${V2}/lookup`);
    expect([method.status, method.body]).toEqual([
      405,
      { errcode: 'M_UNRECOGNIZED', error: 'The endpoint does not know this method' },
    ]);
    expect((await call('POST', '/_matrix/identity/api/v1/lookup')).status).toBe(404);
  });

  test.each([
    ['POST', '/validate/email/requestToken'],
    ['POST', '/validate/email/submitToken'],
    ['GET', '/validate/email/submitToken'],
    ['POST', '/validate/msisdn/requestToken'],
    ['POST', '/validate/msisdn/submitToken'],
    ['GET', '/validate/msisdn/submitToken'],
    ['GET', '/3pid/getValidated3pid'],
    ['POST', '/3pid/bind'],
    ['POST', '/3pid/unbind'],
    ['POST', '/sign-ed25519'],
  ])('%s %s is not offered: directories say who is who', async (method, path) => {
    const { call } = await start();
    const { status, body } = await call(method, `${V2}${path}`, method === 'POST' ? { body: {} } : {});
    expect([status, body]).toEqual([
      404,
      {
        errcode: 'M_UNRECOGNIZED',
        error: 'Identifiers are not bound here: they come from directories',
      },
    ]);
  });
});

describe('account/register', () => {
  test('gives a token to whoever bears an OpenID token, asked of their homeserver', async () => {
    const { call, seen } = await start();
    const { status, body } = await call('POST', `${V2}/account/register`, { body: openId() });
    expect(status).toBe(200);
    const { token } = body as { token: string };
    expect(body).toEqual({ token, access_token: token });
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(seen.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
      'GET /_matrix/federation/v1/openid/userinfo?access_token=token-of-an',
    ]);
    const account = await call('GET', `${V2}/account`, { token });
    expect([account.status, account.body]).toEqual([200, { user_id: '@an:hs.example' }]);
  });

  test.each([
    'evil.example',
    '127.0.0.1',
    'hs.example:8448',
    'HS.EXAMPLE',
    '[::1]',
    'hs.example@evil.example',
  ])('calls nobody for a homeserver that the operator did not name: %s', async (server) => {
    const { call, seen } = await start();
    const answer = await call('POST', `${V2}/account/register`, {
      body: openId({ matrix_server_name: server }),
    });
    expect([answer.status, answer.body]).toEqual(UNVERIFIED);
    expect(seen).toEqual([]);
  });

  test.each([
    ['a token it does not know', { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } }],
    ['a user of another homeserver', { body: { sub: '@an:other.example' } }],
    ['something that is no user', { body: { sub: 'an' } }],
    ['nothing that can be read', { headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['a redirect', { status: 302, headers: { location: 'http://169.254.169.254/' }, body: {} }],
    ['too much', { body: { sub: '@an:hs.example', more: 'x'.repeat(100_000) } }],
  ])('refuses when the homeserver answers %s', async (_, answer) => {
    const { call, seen } = await start({}, () => answer);
    const { status, body } = await call('POST', `${V2}/account/register`, { body: openId() });
    expect([status, body]).toEqual(UNVERIFIED);
    expect(seen).toHaveLength(1);
  });

  test.each([
    ['answers with an error of its own', () => ({ status: 502, body: {} })],
    ['does not answer', () => undefined],
  ])('says that it cannot tell when the homeserver %s', async (_, script) => {
    const { call } = await start({}, script);
    const before = performance.now();
    const { status, body } = await call('POST', `${V2}/account/register`, { body: openId() });
    expect([status, body]).toEqual([
      503,
      { errcode: 'M_UNKNOWN', error: 'The identity server cannot answer at the moment' },
    ]);
    expect(performance.now() - before).toBeLessThan(1_900);
  });

  test('users of another homeserver register where the operator named it', async () => {
    const { url, seen } = await start();
    const { call } = await start({
      BRIDGE_IDENTITY_HOMESERVERS: JSON.stringify([{ serverName: 'partner.example', baseUrl: url }]),
    });
    const answer = await call('POST', `${V2}/account/register`, {
      body: openId({ matrix_server_name: 'partner.example' }),
    });
    expect([answer.status, answer.body]).toEqual(UNVERIFIED);
    expect(seen).toEqual([]);
  });

  test.each([
    ['no JSON', 'token', { errcode: 'M_NOT_JSON', error: 'The request cannot be read' }],
    [
      'no token',
      { matrix_server_name: 'hs.example' },
      { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: access_token' },
    ],
    [
      'no homeserver',
      { access_token: 'token-of-an' },
      { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: matrix_server_name' },
    ],
    [
      'another kind of token',
      openId({ token_type: 'MAC' }),
      { errcode: 'M_INVALID_PARAM', error: 'Invalid parameters: token_type' },
    ],
  ])('refuses a request with %s', async (_, asked, expected) => {
    const { call } = await start();
    const { status, body } = await call('POST', `${V2}/account/register`, { body: asked });
    expect([status, body]).toEqual([400, expected]);
  });

  test('limits how often one address registers', async () => {
    const { call } = await start();
    const answers: number[] = [];
    for (let index = 0; index < 31; index += 1) {
      const { status, body } = await call('POST', `${V2}/account/register`, { body: openId() });
      answers.push(status);
      if (index === 30) expect(body).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
    }
    expect(answers).toEqual([...Array.from({ length: 30 }, () => 200), 429]);
  });
});

describe('tokens', () => {
  test('tokens missing, unknown, malformed and expired read alike', async () => {
    const { call, register, clock } = await start();
    const expired = await register('@an:hs.example');
    clock.advance(25 * 3_600_000);
    for (const token of [undefined, 'x'.repeat(43), 'short', expired]) {
      const answer = await call('GET', `${V2}/account`, token === undefined ? {} : { token });
      expect([answer.status, answer.body]).toEqual(NO_TOKEN);
    }
  });

  test('logging out ends a token, and only that one', async () => {
    const { call, register } = await start();
    const token = await register('@an:hs.example');
    const other = await register('@an:hs.example');
    const out = await call('POST', `${V2}/account/logout`, { token });
    expect([out.status, out.body]).toEqual([200, {}]);
    expect((await call('GET', `${V2}/account`, { token })).status).toBe(401);
    expect((await call('GET', `${V2}/account`, { token: other })).status).toBe(200);
    const again = await call('POST', `${V2}/account/logout`, { token });
    expect([again.status, again.body]).toEqual([
      401,
      { errcode: 'M_UNKNOWN_TOKEN', error: 'Unrecognised access token' },
    ]);
    const without = await call('POST', `${V2}/account/logout`);
    expect([without.status, without.body]).toEqual(NO_TOKEN);
  });

  test('a token in the query counts for hash_details only, where Synapse sends it so', async () => {
    const { call, register } = await start();
    const token = await register('@an:hs.example');
    expect((await call('GET', `${V2}/hash_details?access_token=${token}`)).status).not.toBe(401);
    expect((await call('GET', `${V2}/account?access_token=${token}`)).status).toBe(401);
  });

  test('the database holds no token', async () => {
    const { pool, register } = await start();
    const token = await register('@an:hs.example');
    const { rows } = await pool.query<{ digest: Buffer }>('select * from identity_token');
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(rows[0]?.digest.equals(Buffer.from(token, 'base64url'))).toBe(false);
  });
});

describe('terms', () => {
  const policies = [
    {
      id: 'privacy_policy',
      version: '1.2',
      language: 'en',
      name: 'Privacy',
      url: 'https://id.example/p-1.2-en',
    },
    {
      id: 'privacy_policy',
      version: '1.2',
      language: 'nl',
      name: 'Privacy',
      url: 'https://id.example/p-1.2-nl',
    },
    { id: 'terms', version: '2', language: 'nl', name: 'Voorwaarden', url: 'https://id.example/t-2-nl' },
  ];
  const WITH_POLICIES = { BRIDGE_IDENTITY_POLICIES: JSON.stringify(policies) };
  const UNSIGNED = [
    403,
    { errcode: 'M_TERMS_NOT_SIGNED', error: 'Accept the terms of service first: see GET /terms' },
  ];

  test('without policies there is nothing to accept', async () => {
    const { call } = await start();
    const { status, body } = await call('GET', `${V2}/terms`);
    expect([status, body]).toEqual([200, { policies: {} }]);
  });

  test('policies are read by anybody, in all languages', async () => {
    const { call } = await start(WITH_POLICIES);
    const { body } = await call('GET', `${V2}/terms`);
    expect(body).toEqual({
      policies: {
        privacy_policy: {
          version: '1.2',
          en: { name: 'Privacy', url: 'https://id.example/p-1.2-en' },
          nl: { name: 'Privacy', url: 'https://id.example/p-1.2-nl' },
        },
        terms: { version: '2', nl: { name: 'Voorwaarden', url: 'https://id.example/t-2-nl' } },
      },
    });
  });

  test('nobody is served before they accepted each policy, in any language; whoever has not may leave', async () => {
    const { call, register } = await start(WITH_POLICIES);
    const token = await register('@an:hs.example');
    const account = async (): Promise<unknown> => {
      const { status, body } = await call('GET', `${V2}/account`, { token });
      return [status, body];
    };
    expect(await account()).toEqual(UNSIGNED);
    const accept = (urls: unknown) => call('POST', `${V2}/terms`, { token, body: { user_accepts: urls } });
    expect((await accept(['https://id.example/p-1.2-nl', 'https://elsewhere.example/'])).body).toEqual({});
    expect(await account()).toEqual(UNSIGNED);
    await accept(['https://id.example/t-2-nl']);
    expect(await account()).toEqual([200, { user_id: '@an:hs.example' }]);
    expect((await accept('https://id.example/t-2-nl')).body).toEqual({
      errcode: 'M_INVALID_PARAM',
      error: 'Invalid parameters: user_accepts',
    });
    const other = await register('@bo:hs.example');
    expect((await call('POST', `${V2}/account/logout`, { token: other })).status).toBe(200);
  });
});

test('no log holds a token, neither of OpenID nor ours', async () => {
  const script = ({ url }: SeenRequest) => ({
    status: url.search.includes('token-of-bo') ? 500 : 401,
    body: {},
  });
  const { call, log } = await start({}, script);
  await call('POST', `${V2}/account/register`, { body: openId() });
  await call('POST', `${V2}/account/register`, { body: openId({ access_token: 'token-of-bo' }) });
  await call('GET', `${V2}/account`, { token: 'some-token-of-ours' });
  expect(log.lines.length).toBeGreaterThan(0);
  expect(JSON.stringify(log.lines)).not.toMatch(/token-of-|some-token/);
});
