// Invitations to e-mail addresses that are nobody's yet: what is stored, and which keys are valid.
import { describe, expect, test } from 'vitest';
import { found, useWorlds } from '../world.ts';
import type { World } from '../world.ts';

const start = useWorlds();
const V2 = '/_matrix/identity/v2';
/** The public half of the world's signing key. */
const PUBLIC_KEY = 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI';
const INVITE = {
  medium: 'email',
  address: 'Jo.Visser@practice.example',
  room_id: '!room:hs.example',
  sender: '@an:hs.example',
  room_alias: '#careteam:hs.example',
  room_name: 'Care team',
  sender_display_name: 'An Jansen',
};

interface Stored {
  readonly token: string;
  readonly public_keys: readonly { readonly public_key: string; readonly key_validity_url: string }[];
}

async function store(world: World, body: unknown = INVITE, token?: string): Promise<[number, Stored]> {
  const own = token ?? (await world.register('@an:hs.example'));
  const answer = await world.call('POST', `${V2}/store-invite`, { token: own, body });
  return [answer.status, answer.body as Stored];
}

describe('store-invite', () => {
  test('answers with a token, both keys, and a name that gives the address away to nobody', async () => {
    const world = await start();
    const [status, body] = await store(world);
    expect(status).toBe(200);
    expect(body).toEqual({
      token: expect.stringMatching(/^[0-9a-zA-Z.=_-]{43}$/) as string,
      public_keys: [
        {
          public_key: PUBLIC_KEY,
          key_validity_url: 'https://id.example/_matrix/identity/v2/pubkey/isvalid',
        },
        {
          public_key: expect.stringMatching(/^[A-Za-z0-9+/]{43}$/) as string,
          key_validity_url: 'https://id.example/_matrix/identity/v2/pubkey/ephemeral/isvalid',
        },
      ],
      public_key: PUBLIC_KEY,
      display_name: 'j...@p...',
    });
  });

  test('is off, and says so, where a signing key has no public URL to go with it', async () => {
    const world = await start({ BRIDGE_IDENTITY_PUBLIC_URL: '' });
    const [status, body] = await store(world);
    expect([status, body]).toEqual([404, { errcode: 'M_UNRECOGNIZED', error: expect.any(String) as string }]);
    await world.identityPort.run(new AbortController().signal);
    expect(JSON.stringify(world.log.lines)).toContain('identity.publicUrl is not set');
  });

  test('says whose the address is already', async () => {
    const world = await start();
    world.directory.people.set('email jo.visser@practice.example', found('@jo:practice.example'));
    expect(await store(world)).toEqual([
      400,
      { errcode: 'M_THREEPID_IN_USE', error: 'Binding already known', mxid: '@jo:practice.example' },
    ]);
  });

  test('tells no more than look-ups may: whom it knows counts as looked up, by the minute and by the day', async () => {
    const limits = { LOOKUP_LIMIT: '2', LOOKUPS_PER_MINUTE: '60', LOOKUPS_PER_DAY: '3' };
    const world = await start(
      Object.fromEntries(Object.entries(limits).map(([name, value]) => [`BRIDGE_IDENTITY_${name}`, value])),
    );
    const token = await world.register('@an:hs.example');
    const statuses: number[] = [];
    for (const address of ['a@b.example', 'b@b.example', 'c@b.example', 'd@b.example'])
      statuses.push((await store(world, { ...INVITE, address }, token))[0]);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const lookup = { algorithm: 'sha256', pepper: 'x', addresses: [] };
    expect((await world.call('POST', `${V2}/lookup`, { token, body: lookup })).status).toBe(429);
  });

  test('is off where no one may be looked up by e-mail: it would tell who has an address', async () => {
    const world = await start({ BRIDGE_IDENTITY_MEDIA: 'uzi_nr' });
    world.directory.people.set('email jo.visser@practice.example', found('@jo:practice.example'));
    expect(await store(world)).toMatchObject([400, { errcode: 'M_UNRECOGNIZED' }]);
  });

  test('an ambiguous address is nobody’s, and can be invited', async () => {
    const world = await start();
    world.directory.people.set('email jo.visser@practice.example', { kind: 'ambiguous' });
    expect((await store(world))[0]).toBe(200);
  });

  test.each([
    [
      'an inviter who is not the caller',
      { ...INVITE, sender: '@bo:hs.example' },
      403,
      { errcode: 'M_FORBIDDEN', error: 'The sender is not the owner of the access token' },
    ],
    [
      'another medium',
      { ...INVITE, medium: 'uzi_nr', address: '900000009' },
      400,
      { errcode: 'M_UNRECOGNIZED', error: 'Only e-mail addresses can be invited' },
    ],
    [
      'an address that is none',
      { ...INVITE, address: 'Jo Visser' },
      400,
      { errcode: 'M_INVALID_EMAIL', error: 'The e-mail address is not valid' },
    ],
    [
      'no room',
      { ...INVITE, room_id: undefined },
      400,
      { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: room_id' },
    ],
    [
      'a room that is none',
      { ...INVITE, room_id: '#alias:hs.example' },
      400,
      { errcode: 'M_INVALID_PARAM', error: 'Invalid parameters: room_id' },
    ],
  ])('refuses %s', async (_, body, status, expected) => {
    expect(await store(await start(), body)).toEqual([status, expected]);
  });

  test('is for users only, and needs a signing key', async () => {
    const world = await start();
    expect(await store(world, INVITE, 'another-token')).toMatchObject([401, { errcode: 'M_UNAUTHORIZED' }]);
    const keyless = await start({ BRIDGE_IDENTITY_SIGNING_KEY: '' });
    expect(await store(keyless)).toEqual([
      404,
      { errcode: 'M_UNRECOGNIZED', error: 'This identity server stores no invitations' },
    ]);
  });

  test('answers 503 when a directory is down: who is known might be invited as a stranger', async () => {
    const world = await start();
    world.directory.down = true;
    expect(await store(world)).toMatchObject([503, { errcode: 'M_UNKNOWN' }]);
  });

  test('is in the audit, without the address', async () => {
    const world = await start();
    await store(world);
    expect(await world.audit()).toEqual([
      { caller: '@an:hs.example', action: 'invite', medium: 'email', outcome: 'none' },
    ]);
    expect(JSON.stringify(world.log.lines)).not.toMatch(/visser/i);
  });
});

describe('pubkey', () => {
  const isValid = async ({ call }: World, path: string, key: string): Promise<unknown> =>
    (await call('GET', `${V2}/pubkey/${path}?${new URLSearchParams({ public_key: key }).toString()}`)).body;

  test('the long-term key: by its id, and whether it is ours, in either alphabet of base64', async () => {
    const world = await start();
    const byId = await world.call('GET', `${V2}/pubkey/ed25519:XGX0JRS2`);
    expect([byId.status, byId.body]).toEqual([200, { public_key: PUBLIC_KEY }]);
    const none = await world.call('GET', `${V2}/pubkey/ed25519:0`);
    expect([none.status, none.body]).toEqual([
      404,
      { errcode: 'M_NOT_FOUND', error: 'The public key was not found' },
    ]);
    expect(await isValid(world, 'isvalid', PUBLIC_KEY)).toEqual({ valid: true });
    expect(await isValid(world, 'isvalid', `${PUBLIC_KEY}=`)).toEqual({ valid: true });
    expect(await isValid(world, 'isvalid', PUBLIC_KEY.replace('X', 'Y'))).toEqual({ valid: false });
  });

  test('the key before this one is ours too', async () => {
    const next = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
    const world = await start({
      BRIDGE_IDENTITY_SIGNING_KEY: next,
      BRIDGE_IDENTITY_PREVIOUS_SIGNING_KEY: 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1',
    });
    expect(await isValid(world, 'isvalid', PUBLIC_KEY)).toEqual({ valid: true });
    expect((await store(world))[1].public_keys[0]?.public_key).not.toBe(PUBLIC_KEY);
  });

  test('an ephemeral key is valid as long as its invitation', async () => {
    const world = await start();
    const [, { public_keys: keys }] = await store(world);
    const ephemeral = keys[1]?.public_key ?? '';
    expect(await isValid(world, 'ephemeral/isvalid', ephemeral)).toEqual({ valid: true });
    expect(
      await isValid(world, 'ephemeral/isvalid', ephemeral.replaceAll('+', '-').replaceAll('/', '_')),
    ).toEqual({
      valid: true,
    });
    expect(await isValid(world, 'ephemeral/isvalid', PUBLIC_KEY)).toEqual({ valid: false });
    world.clock.advance(31 * 86_400_000);
    expect(await isValid(world, 'ephemeral/isvalid', ephemeral)).toEqual({ valid: false });
  });

  test.each(['isvalid', 'ephemeral/isvalid'])('%s needs a key', async (path) => {
    const { call } = await start();
    const { status, body } = await call('GET', `${V2}/pubkey/${path}`);
    expect([status, body]).toEqual([
      400,
      { errcode: 'M_MISSING_PARAMS', error: 'Missing parameters: public_key' },
    ]);
  });
});
