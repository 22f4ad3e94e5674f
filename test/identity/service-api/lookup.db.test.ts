// Look-ups of the Identity Service API v2: hashes of the local table, plain ones only where the operator allows them.
import { describe, expect, test } from 'vitest';
import { found, knowLocally, usePepper, useWorlds } from '../world.ts';
import type { World } from '../world.ts';

const start = useWorlds();
const V2 = '/_matrix/identity/v2';
/** The specification's own example, and one of ours: `<address> <medium> matrixrocks`. */
const ALICE = '4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc';
const BOB = 'LJwSazmv46n0hlMlsb_iYxI0_HXEqy_yj6Jm636cdT8';
const UZI = '2L7Nj8a1IilovKkrFDhh-rgxz8q_Yl8KIWsOYWm7A70';

/** A world that knows Alice by e-mail and someone by UZI number. */
async function startKnowing(env: Readonly<Record<string, string>> = {}): Promise<World & { token: string }> {
  const world = await start(env);
  await knowLocally(world.pool, [
    ['email', 'alice@example.com', '@alice:example.org'],
    ['uzi_nr', '123456789', '@an:hs.example'],
  ]);
  await usePepper(world.pool, 'matrixrocks');
  return { ...world, token: await world.register('@cas:hs.example') };
}

const lookup = async ({ call, token }: World & { token: string }, body: unknown): Promise<unknown> => {
  const answer = await call('POST', `${V2}/lookup`, { token, body });
  return [answer.status, answer.body];
};
const hashed = (addresses: readonly string[], pepper = 'matrixrocks') => ({
  algorithm: 'sha256',
  pepper,
  addresses,
});

describe('hash_details', () => {
  test('tells the pepper and the algorithms', async () => {
    const { call, token } = await startKnowing();
    const { status, body } = await call('GET', `${V2}/hash_details`, { token });
    expect([status, body]).toEqual([200, { lookup_pepper: 'matrixrocks', algorithms: ['sha256'] }]);
    const plain = await start({ BRIDGE_IDENTITY_PLAIN_LOOKUPS: 'true' });
    const answer = await plain.call('GET', `${V2}/hash_details`, { token });
    expect(answer.body).toEqual({ lookup_pepper: 'matrixrocks', algorithms: ['sha256', 'none'] });
  });

  test('is for users only', async () => {
    const { call } = await startKnowing();
    expect((await call('GET', `${V2}/hash_details`)).status).toBe(401);
    expect((await call('POST', `${V2}/lookup`, { body: hashed([ALICE]) })).status).toBe(401);
  });

  test('before the first pepper is ready, the port is not ready and says so', async () => {
    const { call, register, pool } = await start();
    const token = await register('@cas:hs.example');
    expect((await call('GET', '/health/ready')).status).toBe(503);
    const before = await call('GET', `${V2}/hash_details`, { token });
    expect([before.status, before.body]).toEqual([
      503,
      { errcode: 'M_UNKNOWN', error: 'The first pepper is still being prepared' },
    ]);
    await usePepper(pool, 'matrixrocks');
    await expect.poll(async () => (await call('GET', '/health/ready')).status, { timeout: 5_000 }).toBe(200);
    expect((await call('GET', `${V2}/hash_details`, { token })).status).toBe(200);
  });
});

describe('lookup by sha256', () => {
  test('maps the hashes that find somebody, and no others', async () => {
    const world = await startKnowing();
    expect(await lookup(world, hashed([ALICE, BOB, UZI]))).toEqual([
      200,
      { mappings: { [ALICE]: '@alice:example.org', [UZI]: '@an:hs.example' } },
    ]);
  });

  test.each([
    ['nothing', []],
    ['what is no hash', ['', 'alice@example.com email', `${ALICE}=`, '_'.repeat(43), ALICE.slice(1)]],
  ])('maps nothing for %s', async (_, addresses) => {
    expect(await lookup(await startKnowing(), hashed(addresses))).toEqual([200, { mappings: {} }]);
  });

  test('an address of two people is nobody’s, as is one of a medium that is off', async () => {
    const world = await start();
    await knowLocally(world.pool, [
      ['email', 'alice@example.com', '@alice:example.org'],
      ['email', 'alice@example.com', '@alicia:example.org'],
      ['ura_nr', '00000001', '@an:hs.example'],
    ]);
    await usePepper(world.pool, 'matrixrocks');
    const token = await world.register('@cas:hs.example');
    const ura = 'sCdpYKJLrTjax3QRdJS1Q2EKxxhZpdtJgnn2h5sCS4A';
    expect(await lookup({ ...world, token }, hashed([ALICE, ura]))).toEqual([200, { mappings: {} }]);
  });

  test('the pepper before is accepted until its grace ends; any other is refused with the one to use', async () => {
    const world = await startKnowing();
    expect(await lookup(world, hashed([ALICE]))).toEqual([
      200,
      { mappings: { [ALICE]: '@alice:example.org' } },
    ]);
    await usePepper(world.pool, 'matrixrolls');
    world.clock.advance(10_000);
    expect(await lookup(world, hashed([ALICE]))).toEqual([
      200,
      { mappings: { [ALICE]: '@alice:example.org' } },
    ]);
    const refused = [
      400,
      {
        errcode: 'M_INVALID_PEPPER',
        error: 'Unknown or invalid pepper - has it been rotated?',
        algorithm: 'sha256',
        lookup_pepper: 'matrixrolls',
      },
    ];
    expect(await lookup(world, hashed([ALICE], 'sesame'))).toEqual(refused);
    await world.pool.query(`delete from identity_pepper where state = 'previous'`);
    world.clock.advance(10_000);
    expect(await lookup(world, hashed([ALICE]))).toEqual(refused);
  });

  test('many at one time each get their own', async () => {
    const world = await startKnowing();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => lookup(world, hashed([index % 2 === 0 ? ALICE : BOB]))),
    );
    expect(answers).toEqual(
      Array.from({ length: 40 }, (_, index) => [
        200,
        { mappings: index % 2 === 0 ? { [ALICE]: '@alice:example.org' } : {} },
      ]),
    );
  });
});

describe('refusals', () => {
  test.each([
    [
      'another algorithm',
      { algorithm: 'md5', pepper: 'matrixrocks', addresses: [] },
      { errcode: 'M_INVALID_PARAM', error: 'The algorithm is none of hash_details' },
    ],
    [
      'the plain algorithm, which is off',
      { algorithm: 'none', pepper: 'matrixrocks', addresses: [] },
      { errcode: 'M_INVALID_PARAM', error: 'The algorithm is none of hash_details' },
    ],
    [
      'more than fifty addresses',
      hashed(Array.from({ length: 51 }, () => ALICE)),
      { errcode: 'M_TOO_LARGE', error: 'More than 50 addresses in one look-up' },
    ],
    [
      'no pepper',
      { algorithm: 'sha256', addresses: [ALICE] },
      { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: pepper' },
    ],
    [
      'addresses that are no list',
      { algorithm: 'sha256', pepper: 'matrixrocks', addresses: ALICE },
      { errcode: 'M_INVALID_PARAM', error: 'Invalid parameters: addresses' },
    ],
    [
      'addresses that are no strings',
      { algorithm: 'sha256', pepper: 'matrixrocks', addresses: [ALICE, 7] },
      { errcode: 'M_INVALID_PARAM', error: 'Invalid parameters: addresses' },
    ],
  ])('%s', async (_, body, expected) => {
    expect(await lookup(await startKnowing(), body)).toEqual([400, expected]);
  });

  test('more addresses in a minute than allowed, for that user alone', async () => {
    const world = await startKnowing();
    const forty = hashed(Array.from({ length: 40 }, () => ALICE));
    expect(await lookup(world, forty)).toMatchObject([200, {}]);
    expect(await lookup(world, forty)).toMatchObject([
      429,
      {
        errcode: 'M_LIMIT_EXCEEDED',
        error: 'Too many requests',
        retry_after_ms: expect.any(Number) as number,
      },
    ]);
    const token = await world.register('@dee:hs.example');
    expect(await lookup({ ...world, token }, forty)).toMatchObject([200, {}]);
  });
});

describe('lookup by none', () => {
  const PLAIN = { BRIDGE_IDENTITY_PLAIN_LOOKUPS: 'true' };
  const plain = (addresses: readonly string[], pepper = 'matrixrocks') => ({
    algorithm: 'none',
    pepper,
    addresses,
  });

  test('asks the directories, and answers with the very strings asked', async () => {
    const world = await startKnowing(PLAIN);
    world.directory.people.set('email an@hs.example', found('@an:hs.example'));
    world.directory.people.set('ura_nr 00000001', found('@an:hs.example'));
    expect(
      await lookup(
        world,
        plain(['An@hs.example email', 'bo@hs.example email', '00000001 ura_nr', 'email', '']),
      ),
    ).toEqual([200, { mappings: { 'An@hs.example email': '@an:hs.example' } }]);
  });

  test('needs the pepper all the same', async () => {
    const world = await startKnowing(PLAIN);
    expect(await lookup(world, plain(['an@hs.example email'], 'sesame'))).toMatchObject([
      400,
      { errcode: 'M_INVALID_PEPPER' },
    ]);
  });

  test('answers 503 when a directory is down', async () => {
    const world = await startKnowing(PLAIN);
    world.directory.down = true;
    expect(await lookup(world, plain(['an@hs.example email']))).toMatchObject([
      503,
      { errcode: 'M_UNKNOWN' },
    ]);
  });
});

test('each address asked is in the audit under its asker, hits with the hash of the address, none with the address', async () => {
  const world = await startKnowing({ BRIDGE_IDENTITY_PLAIN_LOOKUPS: 'true' });
  world.directory.people.set('email alice@example.com', found('@alice:example.org'));
  await lookup(world, hashed([ALICE, BOB]));
  await lookup(world, { algorithm: 'none', pepper: 'matrixrocks', addresses: ['alice@example.com email'] });
  const { rows } = await world.pool.query<{
    medium: string;
    outcome: string;
    subject: Buffer;
    caller: string;
  }>('select * from identity_audit order by at, outcome');
  expect(rows.map(({ caller, medium, outcome }) => [caller, medium, outcome])).toEqual([
    ['@cas:hs.example', 'email', 'found'],
    ['@cas:hs.example', null, 'none'],
    ['@cas:hs.example', 'email', 'found'],
  ]);
  // The same person, however they were asked after.
  expect(rows[0]?.subject).toEqual(rows[2]?.subject);
  expect(JSON.stringify([rows, world.log.lines])).not.toMatch(/alice@|bob@/);
});

test('no answer leaves without its record: when the audit cannot be written, the answer is 503', async () => {
  const world = await startKnowing();
  await world.pool.query('alter table identity_audit rename to elsewhere');
  try {
    expect(await lookup(world, hashed([ALICE]))).toEqual([
      503,
      { errcode: 'M_UNKNOWN', error: 'The identity server cannot answer at the moment' },
    ]);
  } finally {
    await world.pool.query('alter table elsewhere rename to identity_audit');
  }
});
