// Two replicas of the identity port on one database, put together as the daemon does: what one does holds at the other.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { sleep } from '../../../src/app/clock.ts';
import { composeDirectories } from '../../../src/app/identity/directories.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createIdentityPort } from '../../../src/app/identity/port.ts';
import { startJobs } from '../../../src/inbox/job.ts';
import { startReplica } from '../../../src/inbox/replica.ts';
import { exponentialRetry } from '../../../src/inbox/retry-policy.ts';
import { rotatePeppers } from '../../../src/jobs/rotate-peppers.ts';
import { syncDirectories } from '../../../src/jobs/sync-directories.ts';
import { startHttpServer } from '../../../src/ops/http-server.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { LEAST } from '../../builders/config.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import type { Answer, SeenRequest } from '../../builders/http.ts';
import { serveScript } from '../../builders/http.ts';
import { recordingLog } from '../../builders/log.ts';
import { SIGNING_SEED } from '../../identity/world.ts';
import { plainPayloads } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const V2 = '/_matrix/identity/v2';
const REALM = '/admin/realms/care/users';
const WAIT = { timeout: 20_000, interval: 20 };
const POLICY = { id: 'privacy', version: '1', language: 'nl', name: 'Privacy', url: 'https://id.example/1' };

interface Person {
  readonly username: string;
  readonly email: string;
}

/** A homeserver and a Keycloak with these people, in one. */
function serveWorld(people: readonly Person[]) {
  let tokens = 0;
  return serveScript(({ url, headers }): Answer => {
    switch (url.pathname) {
      case '/_matrix/federation/v1/openid/userinfo':
        return { body: { sub: `@${url.searchParams.get('access_token') ?? ''}:zorg.example` } };
      case '/realms/care/protocol/openid-connect/token':
        // One for each replica.
        return { body: { access_token: `replica-${(tokens += 1)}`, expires_in: 3600 } };
      case `${REALM}/profile`:
        return { body: { attributes: [{ name: 'uziNr', permissions: { edit: ['admin'] } }] } };
      case REALM: {
        const email = url.searchParams.get('email');
        const first = Number(url.searchParams.get('first') ?? 0);
        const found = people.filter((person) => email === null || person.email === email).slice(first);
        return {
          body: found.map((one) => ({ ...one, id: one.username, emailVerified: true, enabled: true })),
        };
      }
      default:
        return { status: headers.authorization === undefined ? 200 : 404, body: {} };
    }
  });
}

const lists = (seen: readonly SeenRequest[]): readonly SeenRequest[] =>
  seen.filter(({ url }) => url.pathname === REALM && url.searchParams.has('first'));
const onbinds = (seen: readonly SeenRequest[]): readonly string[] =>
  seen.filter(({ url }) => url.pathname.endsWith('/3pid/onbind')).map(({ body }) => roomOf(body));
const roomOf = (body: string): string =>
  (JSON.parse(body) as { invites: [{ room_id: string }] }).invites[0].room_id;

type Replica = Awaited<ReturnType<typeof start>>;

/** A replica of the port: its listener, its leased passes and its background, on quick timings. */
async function start(serversUrl: string, env: Readonly<Record<string, string>> = {}) {
  const config = await loadConfig(undefined, {
    ...LEAST,
    ...{ BRIDGE_MATRIX_HOMESERVER_URL: serversUrl, BRIDGE_IDENTITY_ENABLED: 'true' },
    ...{ BRIDGE_IDENTITY_PUBLIC_URL: 'https://id.example', BRIDGE_IDENTITY_SIGNING_KEY: SIGNING_SEED },
    BRIDGE_IDENTITY_TRUSTED_PROXIES: '127.0.0.1',
    BRIDGE_IDENTITY_INVITE_CHECK_SECONDS: '1',
    BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([
      { kind: 'local' },
      {
        ...{ kind: 'keycloak', name: 'staff', baseUrl: serversUrl, allowPrivateAddresses: true },
        ...{ realm: 'care', clientId: 'bridge', clientSecret: 'bridge-secret-0123456', syncSeconds: 1 },
        ...{ usernameIsLocalpart: true, timeoutSeconds: 5 },
      },
    ]),
    ...env,
  });
  let ahead = 0;
  const clock = {
    now: () => new Date(Date.now() + ahead),
    monotonicMs: () => performance.now() + ahead,
  };
  const [log, metrics] = [recordingLog(), createMetrics()];
  // Minutes pass in no time.
  const quickly = (ms: number, signal?: AbortSignal): Promise<void> => sleep(Math.min(ms, 20), signal);
  const directories = composeDirectories({ config, pool: pool(), clock, log, metrics });
  const port = createIdentityPort({
    ...{ config, directories, pool: pool(), clock, sleep: quickly, log, metrics },
  });
  const http = await startHttpServer({ host: '127.0.0.1', port: 0 }, port.routers, log);
  const replica = await startReplica({
    ...{ pool: pool(), connectSession, payloads: plainPayloads, clock, sleep, log, slots: 1 },
    handle: () => Promise.reject(new Error('Nothing is to be handled here')),
    retryPolicy: exponentialRetry(
      { firstDelayMs: 20, maxDelayMs: 100, maxAttempts: 1, maxAgeMs: 60_000 },
      () => 0.5,
    ),
    timings: { tryEveryMs: 20 },
  });
  const jobs = [
    ...syncDirectories({ clock, db: pool(), log, metrics }, directories.synced),
    rotatePeppers({ clock, db: pool() }, config.identity),
  ];
  await startJobs(replica, jobs, {
    ...{ sleep: quickly, log, metrics },
    notePass: () => Promise.resolve(),
    ready: () => Promise.resolve(),
  });
  const ending = new AbortController();
  const running = port.run(ending.signal);
  let ended: Promise<unknown> | undefined;
  const end = (): Promise<unknown> => {
    ending.abort();
    return (ended ??= Promise.all([running, replica.stop({ graceMs: 5_000 }), http.close(1000)]));
  };
  onTestFinished(async () => {
    await end();
  });
  return {
    ...{ end, log },
    advance: (ms: number): void => {
      ahead += ms;
    },
    /** Whether it holds the lease of a pass. */
    holds: (lease: string): boolean =>
      log.lines.some((line) => JSON.stringify(line).includes(`"lease":"${lease}"`)),
    call: async (
      method: string,
      path: string,
      token?: string,
      body?: unknown,
    ): Promise<[number, unknown]> => {
      const response = await fetch(`http://127.0.0.1:${http.port}${path}`, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return [response.status, await response.json()];
    },
  };
}

async function connectSession(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: pool().options.connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function register({ call }: Replica, localpart = 'cas'): Promise<string> {
  const openId = {
    ...{ access_token: localpart, token_type: 'Bearer' },
    ...{ matrix_server_name: 'zorg.example', expires_in: 3600 },
  };
  const [status, body] = await call('POST', `${V2}/account/register`, undefined, openId);
  expect(status).toBe(200);
  return (body as { token: string }).token;
}

const whoami = async ({ call }: Replica, token: string): Promise<number> =>
  (await call('GET', `${V2}/account`, token))[0];

const pepperAt = async ({ call }: Replica, token: string): Promise<string | undefined> =>
  ((await call('GET', `${V2}/hash_details`, token))[1] as { lookup_pepper?: string }).lookup_pepper;

/** The status, and whom it finds. */
async function lookup({ call }: Replica, token: string, email: string, pepper: string) {
  const hash = createHash('sha256').update(`${email} email ${pepper}`).digest('base64url');
  const asked = { algorithm: 'sha256', pepper, addresses: [hash] };
  const [status, body] = await call('POST', `${V2}/lookup`, token, asked);
  return [status, (body as { mappings?: Record<string, string> }).mappings?.[hash]];
}

const currentPepper = async (): Promise<string | undefined> =>
  (await pool().query<{ pepper: string }>(`select pepper from identity_pepper where state = 'current'`))
    .rows[0]?.pepper;

const AN = { username: 'an', email: 'an@zorg.example' };

test('a token of one is good at the other, and so is what was accepted; logged out at one, it ends at the other within 2 s', async () => {
  const { url } = await serveWorld([]);
  const terms = { BRIDGE_IDENTITY_POLICIES: JSON.stringify([POLICY]) };
  const [one, other] = [await start(url, terms), await start(url, terms)];
  const token = await register(one);
  expect(await whoami(other, token)).toBe(403);
  expect(await one.call('POST', `${V2}/terms`, token, { user_accepts: [POLICY.url] })).toEqual([200, {}]);
  for (const replica of [one, other]) expect(await whoami(replica, token)).toBe(200);

  expect(await other.call('POST', `${V2}/account/logout`, token)).toEqual([200, {}]);
  expect(await whoami(other, token)).toBe(401);
  one.advance(2_000);
  expect(await whoami(one, token)).toBe(401);
});

test('one reads a directory and both find whom it has; when that one ends, the other reads on', async () => {
  const people = [AN];
  const { url, seen } = await serveWorld(people);
  const replicas = [await start(url), await start(url)] as const;
  const token = await register(replicas[0]);
  for (const replica of replicas) {
    await expect.poll(() => pepperAt(replica, token), WAIT).toBeDefined();
    const pepper = (await pepperAt(replica, token)) ?? '';
    await expect
      .poll(() => lookup(replica, token, AN.email, pepper), WAIT)
      .toEqual([200, '@an:zorg.example']);
  }
  // More than one reading, and all of one replica.
  await expect.poll(() => lists(seen).length, WAIT).toBeGreaterThan(5);
  expect(new Set(lists(seen).map(({ headers }) => headers.authorization)).size).toBe(1);
  expect(replicas.filter(({ holds }) => holds('identity:staff'))).toHaveLength(1);

  const [one, other] = replicas[0].holds('identity:staff') ? replicas : [replicas[1], replicas[0]];
  await one.end();
  people.push({ username: 'bo', email: 'bo@zorg.example' });
  await expect
    .poll(async () => lookup(other, token, 'bo@zorg.example', (await currentPepper()) ?? ''), WAIT)
    .toEqual([200, '@bo:zorg.example']);
  expect(other.holds('identity:staff')).toBe(true);
});

test('a pepper that one makes is announced by the other within 5 s and accepted at once, and the one before for its grace', async () => {
  const { url } = await serveWorld([AN]);
  const replicas = [await start(url, { BRIDGE_IDENTITY_PEPPER_HOURS: '1' })];
  replicas.push(await start(url, { BRIDGE_IDENTITY_PEPPER_HOURS: '1' }));
  const [one] = replicas as [Replica];
  const token = await register(one);
  await expect.poll(currentPepper, WAIT).toBeDefined();
  const before = (await currentPepper()) ?? '';
  const found = [200, '@an:zorg.example'];
  for (const replica of replicas) {
    await expect.poll(() => lookup(replica, token, AN.email, before), WAIT).toEqual(found);
    expect(await pepperAt(replica, token)).toBe(before);
  }

  await pool().query(`update identity_pepper set since = since - interval '2 hours'`);
  await expect.poll(currentPepper, WAIT).not.toBe(before);
  const after = (await currentPepper()) ?? '';
  for (const replica of replicas) {
    // Peppers that are not known are looked for, twice a second at most.
    replica.advance(500);
    expect(await lookup(replica, token, AN.email, after)).toEqual(found);
    expect(await lookup(replica, token, AN.email, before)).toEqual(found);
    replica.advance(4_500);
    expect(await pepperAt(replica, token)).toBe(after);
  }
  expect(await currentPepper()).toBe(after);
});

test('invitations stored at one are valid at the other, and each is delivered once though both run', async () => {
  const people = [AN];
  const { url, seen } = await serveWorld(people);
  const [one, other] = [await start(url), await start(url)];
  const token = await register(one);
  const rooms = Array.from({ length: 8 }, (_, index) => `!room${index}:zorg.example`);
  for (const [index, room] of rooms.entries()) {
    const invite = {
      medium: 'email',
      address: 'jo@zorg.example',
      room_id: room,
      sender: '@cas:zorg.example',
    };
    const [status, body] = await (index % 2 === 0 ? one : other).call(
      ...(['POST', `${V2}/store-invite`, token, invite] as const),
    );
    expect(status).toBe(200);
    const [, ephemeral] = (body as { public_keys: { public_key: string }[] }).public_keys;
    const key = encodeURIComponent(ephemeral?.public_key ?? '');
    for (const replica of [one, other]) {
      expect(await replica.call('GET', `${V2}/pubkey/ephemeral/isvalid?public_key=${key}`)).toEqual([
        200,
        { valid: true },
      ]);
    }
  }
  people.push({ username: 'jo', email: 'jo@zorg.example' });
  const undelivered = 'select from identity_invite where delivered_at is null';
  await expect.poll(async () => (await pool().query(undelivered)).rowCount, WAIT).toBe(0);
  await Promise.all([one.end(), other.end()]);
  expect(onbinds(seen).toSorted()).toEqual(rooms);
});
