// Invitations by e-mail are delivered to the invitee's homeserver, signed, once the person is known.
import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/json.ts';
import { canonicalJson } from '../../../src/identity/service-api/canonical-json.ts';
import { pruneIdentity } from '../../../src/jobs/prune-identity.ts';
import { gate } from '../../builders/http.ts';
import type { Answer, SeenRequest } from '../../builders/http.ts';
import { found, honestHomeserver, useWorlds } from '../world.ts';
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
const FAST = { BRIDGE_IDENTITY_INVITE_CHECK_SECONDS: '1' };

interface Stored {
  readonly token: string;
  readonly public_keys: readonly { readonly public_key: string; readonly key_validity_url: string }[];
}

async function store(world: World, body: unknown = INVITE, token?: string): Promise<[number, Stored]> {
  const own = token ?? (await world.register('@an:hs.example'));
  const answer = await world.call('POST', `${V2}/store-invite`, { token: own, body });
  return [answer.status, answer.body as Stored];
}

describe('delivery', () => {
  /** A homeserver that hears of bindings; the first answers come from `refusals`. */
  function listening(refusals: readonly Answer[] = []) {
    const heard = gate<SeenRequest>();
    const onbinds: SeenRequest[] = [];
    return {
      heard,
      onbinds,
      script: (request: SeenRequest) => {
        if (!request.url.pathname.endsWith('/3pid/onbind')) return honestHomeserver(request);
        const refusal = refusals[onbinds.push(request) - 1];
        if (refusal === undefined) heard.open(request);
        return refusal ?? { body: {} };
      },
    };
  }

  /** Delivers until the work given is done. */
  async function delivering(world: World, until: () => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    const running = world.identityPort.run(stop.signal);
    await until();
    stop.abort();
    await running;
  }

  const pending = async ({ pool }: World) => {
    const { rows } = await pool.query<Record<string, unknown>>(
      'select address, attempts, last_error, delivered_at is not null as delivered from identity_invite',
    );
    return rows;
  };

  test('tells the invitee’s homeserver as soon as the person is known, signed by the key in the room', async () => {
    const { heard, onbinds, script } = listening();
    const world = await start(FAST, script);
    const [, { token }] = await store(world);
    await delivering(world, async () => {
      world.directory.people.set('email jo.visser@practice.example', found('@jo:hs.example'));
      const { method, body, headers } = await heard.passed;
      expect([method, headers['content-type']]).toEqual(['POST', 'application/json']);
      const { signatures, ...notice } = JSON.parse(body) as Record<string, JsonValue>;
      const { invites } = notice as { invites: [{ signed: Record<string, JsonValue> }] };
      const { signatures: invited, ...signed } = invites[0].signed;
      expect(notice).toEqual({
        medium: 'email',
        address: 'jo.visser@practice.example',
        mxid: '@jo:hs.example',
        invites: [
          {
            medium: 'email',
            address: 'jo.visser@practice.example',
            mxid: '@jo:hs.example',
            room_id: '!room:hs.example',
            sender: '@an:hs.example',
            signed: { mxid: '@jo:hs.example', token, signatures: invited },
          },
        ],
      });
      expect([verified(notice, signatures), verified(signed, invited)]).toEqual([true, true]);
      await expect.poll(() => pending(world)).toMatchObject([{ delivered: true }]);
    });
    expect(await pending(world)).toEqual([{ address: null, attempts: 0, last_error: null, delivered: true }]);
    expect(onbinds).toHaveLength(1);
    expect(JSON.stringify(world.log.lines)).not.toMatch(/visser/i);
  });

  test('an invitation from before a change of keys is signed with the key that its room knows', async () => {
    const before = await start(FAST);
    const [, { token }] = await store(before);
    const { heard, script } = listening();
    const after = await start(
      {
        ...FAST,
        BRIDGE_IDENTITY_SIGNING_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
        BRIDGE_IDENTITY_PREVIOUS_SIGNING_KEY: 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1',
      },
      script,
    );
    after.directory.people.set('email jo.visser@practice.example', found('@jo:hs.example'));
    await delivering(after, async () => {
      const { signatures, ...notice } = JSON.parse((await heard.passed).body) as Record<string, JsonValue>;
      expect(verified(notice, signatures)).toBe(true);
      expect(JSON.stringify(notice)).toContain(token);
    });
  });

  test('tries again after a failure, and keeps the reason without the address', async () => {
    const { heard, onbinds, script } = listening([
      { status: 403, body: { errcode: 'M_FORBIDDEN', error: 'jo.visser@practice.example?' } },
    ]);
    const world = await start(FAST, script);
    await store(world);
    world.directory.people.set('email jo.visser@practice.example', found('@jo:hs.example'));
    await delivering(world, async () => {
      await expect
        .poll(() => pending(world))
        .toMatchObject([{ attempts: 1, last_error: 'matrix-refused: onbind: 403 M_FORBIDDEN' }]);
      world.clock.advance(60_000);
      await heard.passed;
    });
    expect(onbinds).toHaveLength(2);
    expect(JSON.stringify(world.log.lines)).not.toMatch(/visser/i);
  });

  test('a homeserver that knows PUT only, as the specification’s heading says, is told so', async () => {
    const { heard, onbinds, script } = listening([{ status: 405, body: { errcode: 'M_UNRECOGNIZED' } }]);
    const world = await start(FAST, script);
    await store(world);
    world.directory.people.set('email jo.visser@practice.example', found('@jo:hs.example'));
    await delivering(world, () => heard.passed);
    expect(onbinds.map(({ method }) => method)).toEqual(['POST', 'PUT']);
  });

  test('tells no homeserver that the operator did not name', async () => {
    const { onbinds, script } = listening();
    const world = await start(FAST, script);
    await store(world);
    world.directory.people.set('email jo.visser@practice.example', found('@jo:elsewhere.example'));
    await delivering(world, () =>
      expect
        .poll(() => pending(world))
        .toMatchObject([{ attempts: 1, last_error: expect.stringContaining('homeservers') as string }]),
    );
    expect(onbinds).toEqual([]);
  });

  test('two replicas deliver an invitation once', async () => {
    const { heard, onbinds, script } = listening();
    const world = await start(FAST, script);
    await store(world);
    world.directory.people.set('email jo.visser@practice.example', found('@jo:hs.example'));
    await delivering(world, () => delivering(world, () => heard.passed));
    expect(onbinds).toHaveLength(1);
  });

  test('what a replica has had in hand for long is delivered once, though its turn comes again meanwhile', async () => {
    const slow = gate();
    const first = gate();
    const told: string[] = [];
    const script = async (request: SeenRequest): Promise<Answer | undefined> => {
      if (!request.url.pathname.endsWith('/3pid/onbind')) return honestHomeserver(request);
      const { invites } = JSON.parse(request.body) as { invites: [{ room_id: string }] };
      if (told.push(invites[0].room_id) === 1) {
        first.open();
        await slow.passed;
      }
      return { body: {} };
    };
    const [one, other] = [await start(FAST, script), await start(FAST, script)];
    const rooms = ['!a:hs.example', '!b:hs.example', '!c:hs.example'];
    for (const room of rooms) await store(one, { ...INVITE, room_id: room });
    for (const { directory } of [one, other])
      directory.people.set('email jo.visser@practice.example', found('@jo:hs.example'));
    await delivering(one, async () => {
      await first.passed;
      // The other one finds the turn of all three come again while the first is still being told.
      other.clock.advance(5_000);
      await delivering(other, () =>
        expect.poll(async () => (await pending(one)).filter(({ delivered }) => delivered)).toHaveLength(2),
      );
      slow.open();
      await expect
        .poll(async () => (await pending(one)).filter(({ delivered }) => delivered))
        .toHaveLength(3);
    });
    expect(told.toSorted()).toEqual(rooms);
  });

  test('what has expired goes, address and all', async () => {
    const world = await start();
    await store(world);
    world.clock.advance(31 * 86_400_000);
    const { pool: db, clock } = world;
    const { pass } = pruneIdentity({ db, clock }, { auditMs: 1 * 86_400_000 });
    expect(await pass(new AbortController().signal, () => undefined)).toBe(3);
    expect(await pending(world)).toEqual([]);
    expect((await world.pool.query('select from identity_token')).rowCount).toBe(0);
  });
});

/** Whether the one signature is that of the world's key. */
function verified(object: Readonly<Record<string, JsonValue>>, signatures: JsonValue | undefined): boolean {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(PUBLIC_KEY, 'base64').toString('base64url') },
    format: 'jwk',
  });
  const { 'id.example': ours } = signatures as { 'id.example': { 'ed25519:XGX0JRS2': string } };
  return verify(
    null,
    Buffer.from(canonicalJson(object)),
    key,
    Buffer.from(ours['ed25519:XGX0JRS2'], 'base64'),
  );
}
