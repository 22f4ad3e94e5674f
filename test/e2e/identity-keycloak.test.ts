// The Keycloak adapter against Keycloak's own server.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeycloakApi } from '../../src/identity/directories/keycloak/api.ts';
import { createKeycloakApi } from '../../src/identity/directories/keycloak/api.ts';
import type { KeycloakMapping } from '../../src/identity/directories/keycloak/users.ts';
import { unreliableAttributes } from '../../src/identity/directories/keycloak/attributes.ts';
import { createKeycloakDirectory } from '../../src/identity/directories/keycloak/directory.ts';
import { createDirectoryServer } from '../../src/identity/directories/directory-server.ts';
import type { Directory, DirectoryRecord } from '../../src/identity/directories/directory.ts';
import type { Guard } from '../../stack/guard.ts';
import { startGuard } from '../../stack/guard.ts';
import type { Keycloak } from '../../stack/keycloak.ts';
import { startKeycloak } from '../../stack/keycloak.ts';
import { findJava, findMaven, required } from '../../stack/requirements.ts';
import { threepid } from '../identity/directories/identity-database.ts';

const REALM = 'care';
const BRIDGE = { clientId: 'bridge', clientSecret: 'bridge-secret-0123456' };
const LOGIN = { clientId: 'login', clientSecret: 'login-secret-01234567' };
const MAPPING: KeycloakMapping = {
  attributes: { uziNr: 'uziNr', uraNr: 'uraNr', roleCode: 'roleCode', matrixId: 'matrixId' },
  usernameIsLocalpart: true,
  serverName: 'hs.nl',
  trustedServers: ['partner.nl'],
};
const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
const signal = new AbortController().signal;
const java = findJava({ compiler: false });
const isMissing = ('problem' in java || 'problem' in findMaven()) && process.env['CI'] !== 'true';

interface World {
  readonly guard: Guard;
  readonly keycloak: Keycloak;
}
let world: World | undefined;
const asked: string[] = [];

function api(client = BRIDGE): KeycloakApi {
  if (world === undefined) throw new TypeError('Keycloak is there as soon as the tests run');
  const server = createDirectoryServer({
    name: 'keycloak',
    baseUrl: world.keycloak.url,
    allowPrivateAddresses: true,
    requestTimeoutMs: 60_000,
    observe: (operation) => {
      asked.push(operation);
      return () => undefined;
    },
  });
  return createKeycloakApi({ server, realm: REALM, client, clock });
}

function directory(over: { mapping?: Partial<KeycloakMapping>; pageSize?: number } = {}): Directory {
  return createKeycloakDirectory({
    name: 'keycloak',
    api: api(),
    mapping: { ...MAPPING, ...over.mapping },
    clock,
    pageSize: over.pageSize ?? 100,
    passwordClient: LOGIN,
  });
}

const resolve = (text: string) => directory().resolve(threepid(text), signal);

/** An attribute of the user profile. */
const attribute = (name: string, editors: readonly string[] = ['admin']) => ({
  name,
  multivalued: true,
  permissions: { view: ['admin'], edit: editors },
});

const admin = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  world?.keycloak.admin(method, `/admin/realms/${REALM}/${path}`, body);

/** Writes a user; the password is their username and `-secret`. */
async function user(username: string, attributes: Readonly<Record<string, string[]>>, over: object = {}) {
  await admin('POST', 'users', {
    ...{ username, enabled: true, email: `${username}@hs.nl`, emailVerified: true, attributes },
    ...{ firstName: username, lastName: 'Jansen' },
    credentials: [{ type: 'password', value: `${username}-secret`, temporary: false }],
    ...over,
  });
}

async function createRealm(keycloak: Keycloak): Promise<void> {
  const confidential = ({ clientId, clientSecret }: typeof BRIDGE, over: object) => ({
    ...{ clientId, secret: clientSecret, publicClient: false, standardFlowEnabled: false, ...over },
  });
  await keycloak.admin('POST', '/admin/realms', {
    ...{ realm: REALM, enabled: true, sslRequired: 'none' },
    clients: [
      confidential(BRIDGE, { serviceAccountsEnabled: true }),
      confidential(LOGIN, { directAccessGrantsEnabled: true }),
    ],
    users: [
      {
        ...{ username: 'service-account-bridge', enabled: true, serviceAccountClientId: 'bridge' },
        clientRoles: { 'realm-management': ['view-users'] },
      },
    ],
  });
  const profile = (await admin('GET', 'users/profile')) as { attributes: unknown[] };
  const attributes = ['uziNr', 'uraNr', 'roleCode', 'matrixId'].map((name) => attribute(name));
  await admin('PUT', 'users/profile', {
    ...profile,
    attributes: [...profile.attributes, ...attributes, attribute('nickname', ['admin', 'user'])],
  });
}

async function createUsers(): Promise<void> {
  await user('anna', { uziNr: ['900000009'], uraNr: ['90000001', '90000002'], roleCode: ['01.015'] });
  await user('bram', { uziNr: ['900000017'], uraNr: ['90000001'], nickname: ['900000017'] });
  await user('joanna', {});
  await user('twin1', { uziNr: ['900000025'] });
  await user('twin2', { uziNr: ['900000025'] });
  await user('gone', { uziNr: ['900000033'] }, { enabled: false });
  await user('unsure', { uziNr: ['900000041'] }, { emailVerified: false });
  await user('remote', { uziNr: ['900000050'], matrixId: ['@dr.remote:partner.nl'] });
  await user('liar', { uziNr: ['900000068'], matrixId: ['@ceo:elsewhere.nl'] });
  await user('short', { uziNr: ['12345'], matrixId: ['local.part'] });
  await user('odd name', { uziNr: ['900000076'] }, { username: 'ödd', email: 'odd@hs.nl' });
}

describe.skipIf(isMissing)('Keycloak', () => {
  beforeAll(async () => {
    const guard = await startGuard();
    const logFolder = await mkdtemp(join(tmpdir(), 'keycloak-test-'));
    guard.removeAtEnd(logFolder);
    const keycloak = await startKeycloak({ guard, logFolder, java: required(java) }).catch(
      async (error: unknown) => {
        await guard.end();
        throw error;
      },
    );
    world = { guard, keycloak };
    await createRealm(keycloak);
    await createUsers();
  }, 600_000);
  afterAll(() => world?.guard.end());

  describe('resolving', () => {
    test.each([
      ['email anna@hs.nl', '@anna:hs.nl'],
      ['uzi_nr 900000009', '@anna:hs.nl'],
      ['ura_nr 90000002', '@anna:hs.nl'],
      ['role_code 01.015', '@anna:hs.nl'],
      ['uzi_nr 900000050', '@dr.remote:partner.nl'],
    ])('%s is %s', async (text, userId) => {
      expect(await resolve(text)).toEqual({ kind: 'found', userId });
    });

    test.each([
      ['email nna@hs.nl', 'a part of an address'],
      ['email unsure@hs.nl', 'an address that is not verified'],
      ['email gone@hs.nl', 'a disabled user'],
      ['uzi_nr 900000033', 'a disabled user'],
      ['uzi_nr 900000068', 'a Matrix id at a server that is not trusted'],
      ['uzi_nr 900000076', 'a username that is no localpart'],
      ['uzi_nr 000009000', 'a part of a number'],
      ['uzi_nr 999999999', 'nobody’s number'],
    ])('%s finds nobody: %s', async (text) => {
      expect(await resolve(text)).toEqual({ kind: 'unknown' });
    });

    test.each(['uzi_nr 900000025', 'ura_nr 90000001'])('%s is two people’s', async (text) => {
      expect(await resolve(text)).toEqual({ kind: 'ambiguous' });
    });

    test('a number whose attribute users can write themselves finds nobody', async () => {
      const byNickname = directory({
        mapping: { attributes: { ...MAPPING.attributes, uziNr: 'nickname' } },
      });
      expect(await byNickname.resolve(threepid('uzi_nr 900000017'), signal)).toEqual({ kind: 'unknown' });
    });

    test('a number whose attribute is not declared is not asked for: it would find everyone', async () => {
      const undeclared = directory({ mapping: { attributes: { ...MAPPING.attributes, uziNr: 'other' } } });
      expect(await undeclared.resolve(threepid('uzi_nr 900000017'), signal)).toEqual({ kind: 'unknown' });
      const names = { ...MAPPING.attributes, uziNr: 'other', uraNr: 'nickname' };
      expect(await unreliableAttributes(api(), names, signal)).toEqual(['other', 'nickname']);
      expect(await unreliableAttributes(api(), MAPPING.attributes, signal)).toEqual([]);
    });
  });

  test('searching finds professionals by the beginnings of their names', async () => {
    const found = await directory().search('jan bra', 10, signal);
    expect(found).toEqual([
      {
        ...{ userId: '@bram:hs.nl', displayName: 'bram Jansen', reference: undefined },
        threepids: ['email bram@hs.nl', 'uzi_nr 900000017', 'ura_nr 90000001'].map(threepid),
      },
    ]);
    // Joanna has no number and no role: she may be a patient.
    expect(await directory().search('joanna', 10, signal)).toEqual([]);
    expect(await directory().search('"', 10, signal)).toEqual([]);
    expect(await directory().search('ja', 10, signal)).toEqual([]);
  });

  test('a token is fetched once for all requests, and again when Keycloak has dropped it', async () => {
    const own = api();
    asked.length = 0;
    const query = [['max', '1']] as const;
    await Promise.all(Array.from({ length: 5 }, () => own.users(query, signal)));
    expect(asked.filter((operation) => operation === 'keycloak get token')).toHaveLength(1);
    const clients = (await admin('GET', 'clients?clientId=bridge')) as { id: string }[];
    // Tokens issued before now are refused from now on.
    await admin('PUT', `clients/${clients[0]?.id ?? ''}`, {
      ...clients[0],
      notBefore: Math.floor(Date.now() / 1000) + 1,
    });
    await own.users(query, signal).catch(() => undefined);
    expect(asked.filter((operation) => operation === 'keycloak get token')).toHaveLength(2);
    await admin('PUT', `clients/${clients[0]?.id ?? ''}`, { ...clients[0], notBefore: 0 });
    expect(await own.users(query, signal)).toHaveLength(1);
  });

  test('credentials that are refused are told without them', async () => {
    const failure = await api({ ...BRIDGE, clientSecret: 'wrong-secret' })
      .users([['max', '1']], signal)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'directory-token: keycloak get token: 401' });
  });

  describe('a password', () => {
    const login = (name: string, password: string) => directory().authenticate?.(name, password, signal);

    test('tells who logs in', async () => {
      expect(await login('anna', 'anna-secret')).toMatchObject({ userId: '@anna:hs.nl' });
      expect(await login('anna@hs.nl', 'anna-secret')).toMatchObject({ userId: '@anna:hs.nl' });
      const users = (await admin('GET', 'users?username=anna&exact=true')) as { id: string }[];
      expect(await admin('GET', `users/${users[0]?.id ?? ''}/sessions`)).toEqual([]);
    });

    test.each([
      ['anna', 'wrong'],
      ['nobody', 'anna-secret'],
      ['gone', 'gone-secret'],
    ])('%s with %s is nobody', async (name, password) => {
      expect(await login(name, password)).toBeUndefined();
    });

    test('a client that may not ask is an error, not a wrong password', async () => {
      await expect(api().checkPassword(BRIDGE, 'anna', 'anna-secret', signal)).rejects.toMatchObject({
        code: 'directory-token',
      });
    });
  });

  test('listing meets everyone in pages, and reading again tells who is gone', async () => {
    const paged = directory({ pageSize: 3 });
    const records: DirectoryRecord[] = [];
    const passes = new Set<string | undefined>();
    let position: string | undefined;
    for (let done = false; !done;) {
      const page = await paged.list?.(position, signal);
      if (page === undefined) break;
      records.push(...page.records);
      passes.add(page.pass);
      ({ done, position } = page);
    }
    expect(passes.size).toBe(1);
    const userIds = records.flatMap(({ entry }) => (entry === undefined ? [] : [entry.userId]));
    expect(userIds.toSorted()).toEqual(
      ['anna', 'bram', 'joanna', 'local.part', 'twin1', 'twin2', 'unsure']
        .map((name) => `@${name}:hs.nl`)
        .concat('@dr.remote:partner.nl')
        .toSorted(),
    );
    const short = records.find(({ entry }) => entry?.userId === '@local.part:hs.nl');
    expect(short?.entry?.threepids).toContainEqual(threepid('uzi_nr 000012345'));
    const again = await paged.read?.([short?.key ?? '', '00000000-0000-0000-0000-000000000000'], signal);
    expect(again?.map(({ entry }) => entry?.userId)).toEqual(['@local.part:hs.nl', undefined]);
  });
});
