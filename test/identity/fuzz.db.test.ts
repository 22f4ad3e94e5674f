// Random and mutated requests to every endpoint: each is answered as documented, in time, and leaves no address in a log.
import { Agent, request as send } from 'node:http';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { entry, found, honestHomeserver, knowLocally, SECRET, usePepper, useWorlds } from './world.ts';
import type { World } from './world.ts';

/** Requests to each endpoint: all of them in continuous integration, a tenth where people wait. */
const BODIES = Number(process.env['IDENTITY_FUZZ_RUNS'] ?? (process.env['CI'] === 'true' ? 10_000 : 1_000));
/** Sent side by side; the first that fails is shrunk. */
const SIDE_BY_SIDE = 50;
const V2 = '/_matrix/identity/v2';
const BACKEND = '/_ma1sd/backend/api/v1';
const ALICE = '4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc';
/** In every address that is sent: it may be in no log. */
const MARK = 'fuzzmark';

const start = useWorlds();
const UNLIMITED = {
  BRIDGE_IDENTITY_LOOKUPS_PER_MINUTE: '1000000',
  BRIDGE_IDENTITY_LOOKUPS_PER_DAY: '100000000',
  BRIDGE_IDENTITY_BACKEND_LOOKUPS_PER_MINUTE: '1000000',
  BRIDGE_IDENTITY_REGISTRATIONS_PER_MINUTE: '1000000',
  BRIDGE_IDENTITY_INVITES_PER_MINUTE: '1000000',
  BRIDGE_IDENTITY_PASSWORD_LOGIN: 'true',
  BRIDGE_IDENTITY_PROFILES: 'true',
  BRIDGE_IDENTITY_PLAIN_LOOKUPS: 'true',
};

const address = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((noise) => `${MARK}${noise}@hs.example`),
  fc.constantFrom('an@hs.example', `down-${MARK}@hs.example`, '900000009', '01.015', '', ' ', `${MARK}@`),
);
const threepid = fc.record(
  {
    medium: fc.oneof(fc.constantFrom('email', 'uzi_nr', 'ura_nr', 'role_code', 'bsn', 'EMAIL'), fc.string()),
    address,
  },
  { requiredKeys: [] },
);

const login = fc.oneof(
  fc.record({ mxid: fc.string(), localpart: fc.string(), domain: fc.string(), password: fc.string() }),
  fc.record({
    mxid: fc.stringMatching(/^@[a-z]{1,8}:hs\.example$/),
    password: fc.oneof(fc.constant('right'), fc.string({ unit: 'binary' })),
  }),
);

/** Bodies that are nearly right, by endpoint. */
const BODY_ENDPOINTS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  [`${BACKEND}/identity/single`]: fc.record({ lookup: threepid }),
  [`${BACKEND}/identity/bulk`]: fc.record({ lookup: fc.array(threepid, { maxLength: 120 }) }),
  [`${BACKEND}/directory/user/search`]: fc.record({
    by: fc.constantFrom('name', 'threepid', 'other', null),
    search_term: fc.oneof(fc.string({ unit: 'binary' }), address),
  }),
  [`${BACKEND}/auth/login`]: fc.record({
    auth: login,
  }),
  ...Object.fromEntries(
    ['displayName', 'threepids', 'roles'].map((part) => [
      `${BACKEND}/profile/${part}`,
      fc.record({ mxid: fc.oneof(fc.constantFrom('@an:hs.example', '@an:other'), fc.string()) }),
    ]),
  ),
  [`${V2}/account/register`]: fc.record({
    access_token: fc.oneof(fc.constantFrom('token-of-an', ''), fc.string({ unit: 'binary' })),
    token_type: fc.constantFrom('Bearer', 'bearer', 'MAC', 7),
    matrix_server_name: fc.oneof(
      fc.constantFrom('hs.example', 'evil.example', '127.0.0.1', '[::1]'),
      fc.string(),
    ),
  }),
  [`${V2}/terms`]: fc.record({ user_accepts: fc.array(fc.string({ unit: 'binary' })) }),
  [`${V2}/lookup`]: fc.record({
    algorithm: fc.constantFrom('sha256', 'none', 'md5'),
    pepper: fc.constantFrom('matrixrocks', 'sesame', ''),
    addresses: fc.array(
      fc.oneof(
        fc.constant(ALICE),
        fc.base64String(),
        address,
        address.map((one) => `${one} email`),
      ),
      { maxLength: 60 },
    ),
  }),
  [`${V2}/store-invite`]: fc.record({
    medium: fc.constantFrom('email', 'uzi_nr', ''),
    address,
    room_id: fc.oneof(
      fc.constant('!room:hs.example'),
      fc.string({ unit: 'binary' }).map((id) => `!${id}`),
    ),
    sender: fc.constantFrom('@an:hs.example', '@bo:hs.example', ''),
  }),
  [`${V2}/account/logout`]: fc.jsonValue(),
};

const QUERY_ENDPOINTS = [
  '/_matrix/identity/versions',
  V2,
  `${V2}/account`,
  `${V2}/terms`,
  `${V2}/hash_details`,
  `${V2}/pubkey/isvalid`,
  `${V2}/pubkey/ephemeral/isvalid`,
  `${V2}/pubkey/`,
];

/** What a body becomes on the wire: as it is, cut, with bytes changed, with a field of another type, or noise. */
const onTheWire = (right: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> => {
  const whole = right.map((body) => Buffer.from(JSON.stringify(body)));
  return fc.oneof(
    { arbitrary: whole, weight: 4 },
    {
      arbitrary: fc.tuple(whole, fc.nat(60)).map(([body, cut]) => body.subarray(0, body.length - cut)),
      weight: 1,
    },
    { arbitrary: fc.tuple(whole, fc.nat(), fc.nat(255)).map(withByte), weight: 1 },
    { arbitrary: fc.jsonValue().map((body) => Buffer.from(JSON.stringify(body))), weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
  );
};

function withByte([body, at, byte]: [Buffer, number, number]): Buffer {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed[at % changed.length] = byte;
  return changed;
}

/** A world that answers, and fails too: `down-…` makes its directory throw. */
async function startFuzzed(): Promise<World & { agent: Agent; port: string; token: string }> {
  // Logins take half a second on purpose, but not here.
  const world = await start(UNLIMITED, honestHomeserver, () => Promise.resolve());
  await knowLocally(world.pool, [['email', 'alice@example.com', '@alice:example.org']]);
  await usePepper(world.pool, 'matrixrocks');
  world.directory.people.set('email an@hs.example', found('@an:hs.example'));
  world.directory.logins.set('an', entry('@an:hs.example', 'An Jansen'));
  world.directory.people.set(`email down-${MARK}@hs.example`, 'down');
  const agent = new Agent({ keepAlive: true, maxSockets: SIDE_BY_SIDE });
  onTestFinished(() => {
    agent.destroy();
  });
  return { ...world, agent, port: new URL(world.url).port, token: await world.register('@an:hs.example') };
}

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Buffer;
}

/** Sends and checks: an allowed status, JSON, within two seconds. */
async function check(
  { agent, port, token }: Awaited<ReturnType<typeof startFuzzed>>,
  { method, path, body }: Sent,
): Promise<void> {
  const before = performance.now();
  const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const authorization = `Bearer ${path.startsWith(BACKEND) ? SECRET : token}`;
    const headers = { authorization, ...(body && { 'content-length': body.length }) };
    const sent = send({ host: '127.0.0.1', port, agent, method, path, headers }, (incoming) => {
      text(incoming).then((read) => {
        resolve({ status: incoming.statusCode ?? 0, answer: read });
      }, reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
  expect(status < 500 || status === 503, `status ${status}`).toBe(true);
  expect(typeof JSON.parse(answer)).toBe('object');
  expect(performance.now() - before).toBeLessThan(2_000);
}

/** Nothing that was sent is in a log, errors with their messages included. */
function expectCleanLog({ log }: World): void {
  const told = JSON.stringify(log.lines, (_key, value: unknown) =>
    value instanceof Error ? `${value.name} ${value.message} ${value.stack ?? ''}` : value,
  );
  expect(told).not.toMatch(new RegExp(`${MARK}|an@hs|alice@|900000009`));
  expect(log.lines.filter(({ message }) => message.includes('unexpected error'))).toEqual([]);
}

async function fuzz(requests: fc.Arbitrary<Sent>): Promise<void> {
  const world = await startFuzzed();
  await fc.assert(
    fc.asyncProperty(
      fc.array(requests, { minLength: SIDE_BY_SIDE, maxLength: SIDE_BY_SIDE, size: 'max' }),
      async (batch) => {
        await Promise.all(batch.map((request) => check(world, request)));
      },
    ),
    {
      numRuns: Math.ceil(BODIES / SIDE_BY_SIDE),
      interruptAfterTimeLimit: 120_000,
      markInterruptAsFailure: true,
    },
  );
  expectCleanLog(world);
}

describe('bodies', () => {
  test.each(Object.entries(BODY_ENDPOINTS))('POST %s', { timeout: 150_000 }, async (path, bodies) => {
    await fuzz(onTheWire(bodies).map((body) => ({ method: 'POST', path, body })));
  });
});

describe('queries and paths', () => {
  const query = fc.oneof(
    fc
      .dictionary(fc.constantFrom('public_key', 'access_token', 'x'), fc.string({ unit: 'binary' }))
      .map((pairs) => `?${new URLSearchParams(pairs).toString()}`),
    fc.webQueryParameters().map((parameters) => `?${parameters}`),
    fc.webPath().map((path) => path.replace(/^\/*/, '/')),
    fc.constantFrom('?public_key=%', '?public_key[]=x&public_key=y', '/%E0%A4%A', '?__proto__=x'),
  );
  test.each(QUERY_ENDPOINTS)('GET %s', { timeout: 150_000 }, async (path) => {
    await fuzz(query.map((rest) => ({ method: 'GET', path: `${path}${rest}` })));
  });
});
