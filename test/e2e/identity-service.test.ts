// The identity server of a running bridge, as real clients and real homeservers use it: registration by OpenID token, hashed
// look-ups, and an invitation by e-mail that arrives when the person becomes known.
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { EventTimeline, MatrixError, Preset } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startPerson } from '../../stack/demo/person.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { reservePort } from '../../stack/ports.ts';
import { registerUser } from '../../stack/synapse.ts';
import type { HumanUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import type { ProvidedHomeserver } from '../setup/provided.ts';
import { createCareDirectory, email, tagged } from './care-directory.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';

const { practitioner, run } = createCareDirectory();
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };

interface Person extends MatrixPerson {
  readonly user: HumanUser;
}

let context: TestContext;
/** The identity port itself, and the name under which homeservers reach it by TLS. */
let port = '';
let idServer = '';
let endTls: () => void;
let host: Person;

async function person(homeserver: ProvidedHomeserver, localpart: string): Promise<Person> {
  const user = await registerUser(homeserver, { localpart: `${localpart}-${run}` });
  return { ...(await startPerson(homeserver.url, user)), user };
}

/** What a reverse proxy does in front of the identity port. */
async function startTls(tlsPort: number, target: number): Promise<() => void> {
  const { certificatePath, keyPath } = inject('stack').certificate;
  const [cert, key] = await Promise.all([readFile(certificatePath), readFile(keyPath)]);
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const inner = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  });
  server.listen(tlsPort, '127.0.0.1');
  await once(server, 'listening');
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** Registers with the identity server, as clients do. */
async function register({ client }: MatrixPerson): Promise<string> {
  client.setIdentityServerUrl(port);
  const { token } = await client.registerWithIdentityServer(await client.getOpenIdToken());
  return token;
}

/** Makes a room and invites an address into it, by way of the homeserver. @returns the room id */
async function inviteByEmail(address: string): Promise<string> {
  const { room_id: roomId } = await host.client.createRoom({ preset: Preset.PrivateChat });
  const { url } = inject('stack').synapse;
  const response = await fetch(`${url}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/invite`, {
    method: 'POST',
    headers: { authorization: `Bearer ${host.user.accessToken}` },
    body: JSON.stringify({
      ...{ id_server: idServer, id_access_token: await register(host), medium: 'email', address },
    }),
  });
  expect([response.status, await response.json()]).toEqual([200, {}]);
  return roomId;
}

/** Someone comes into the directory. */
const appear = (name: string, { user }: Person): Promise<unknown> =>
  practitioner(name, undefined, { telecom: [tagged(user.userId), email(`${name}@${run}.nl`)] });

/** The invitation is there, and with it one gets in and is heard. */
async function accept(guest: Person, roomId: string, viaServer: string): Promise<void> {
  await waitUntil(() => guest.client.getRoom(roomId)?.getMyMembership() === 'invite', {
    ...{ what: 'the invitation has arrived', ...PATIENCE },
  });
  // The inviting homeserver sends an invitation before it has stored it.
  const join = () =>
    guest.client.joinRoom(roomId, { viaServers: [viaServer] }).catch((error: unknown) => {
      if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') return false;
      throw error;
    });
  await waitUntil(join, { what: 'the guest is in the room', ...PATIENCE });
  await guest.say(roomId, 'Here I am');
  await host.hear(roomId, 'Here I am');
}

function thirdPartyInvites(roomId: string): readonly Readonly<Record<string, unknown>>[] {
  const state = host.client.getRoom(roomId)?.getLiveTimeline().getState(EventTimeline.FORWARDS);
  return (state?.getStateEvents('m.room.third_party_invite') ?? []).map((event) => event.getContent());
}

describe.skipIf(inject('stackMissing'))('the identity server', () => {
  beforeAll(async () => {
    const { hapi, synapse, neighbour } = inject('stack');
    const [number, tlsPort] = [await reservePort(), await reservePort()];
    port = `http://127.0.0.1:${number}`;
    idServer = `localhost:${tlsPort}`;
    const trustedServers = [synapse.serverName, neighbour.serverName];
    context = await startContext({
      BRIDGE_IDENTITY_ENABLED: 'true',
      BRIDGE_IDENTITY_PORT: String(number),
      BRIDGE_IDENTITY_PUBLIC_URL: `https://${idServer}`,
      BRIDGE_IDENTITY_TRUSTED_PROXIES: '127.0.0.1',
      BRIDGE_IDENTITY_SIGNING_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
      BRIDGE_IDENTITY_INVITE_CHECK_SECONDS: '1',
      BRIDGE_IDENTITY_HOMESERVERS: JSON.stringify([
        { serverName: neighbour.serverName, baseUrl: neighbour.url },
      ]),
      BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([
        { kind: 'local' },
        {
          ...{ kind: 'mcsd', name: 'care', baseUrl: hapi.url, allowPrivateAddresses: true, trustedServers },
          ...{ syncSeconds: 1, overlapSeconds: 5, timeoutSeconds: 5 },
        },
      ]),
      BRIDGE_IDENTITY_DIRECTORIES_BUDGET_SECONDS: '10',
      // The test asks every 100 ms until someone is known.
      BRIDGE_IDENTITY_LOOKUPS_PER_MINUTE: '10000',
      BRIDGE_IDENTITY_LOOKUPS_PER_DAY: '10000',
    });
    endTls = await startTls(tlsPort, number);
    await waitUntil(async () => (await fetch(`${port}/health/ready`)).ok, {
      ...{ what: 'the identity server is ready', ...PATIENCE },
    });
    host = await person(synapse, 'host');
  });
  afterAll(async () => {
    host.leaveClient();
    endTls();
    await context.end();
  });

  test('a client registers with an OpenID token, and finds by hash who is in the directory and nobody else', async () => {
    const an = await person(inject('stack').synapse, 'an');
    await appear('an', an);
    const token = await register(host);
    expect(await host.client.getIdentityAccount(token)).toEqual({ user_id: host.user.userId });
    const pairs: [string, string][] = [
      [`An@${run}.nl`, 'email'],
      [`nobody@${run}.nl`, 'email'],
    ];
    await waitUntil(async () => (await host.client.identityHashedLookup(pairs, token)).length > 0, {
      ...{ what: 'the client finds them', ...PATIENCE },
    });
    expect(await host.client.identityHashedLookup(pairs, token)).toEqual([
      { address: `An@${run}.nl`, mxid: an.user.userId },
    ]);
    an.leaveClient();
  });

  test('a homeserver invites by e-mail whom the directory knows, at once', async () => {
    const bo = await person(inject('stack').synapse, 'bo');
    await appear('bo', bo);
    const token = await register(host);
    await waitUntil(
      async () => (await host.client.identityHashedLookup([[`bo@${run}.nl`, 'email']], token)).length > 0,
      { what: 'they are in the local table', ...PATIENCE },
    );
    const roomId = await inviteByEmail(`bo@${run}.nl`);
    await accept(bo, roomId, context.serverName);
    expect(thirdPartyInvites(roomId)).toEqual([]);
    bo.leaveClient();
  });

  test.each(['synapse', 'neighbour'] as const)(
    'someone unknown is invited by e-mail, becomes known on %s, and the invitation arrives',
    async (name) => {
      const homeserver = inject('stack')[name];
      const guest = await person(homeserver, 'guest');
      const roomId = await inviteByEmail(`guest-${name}@${run}.nl`);
      await waitUntil(() => thirdPartyInvites(roomId).length > 0, {
        ...{ what: 'the invitation by address is in the room', ...PATIENCE },
      });
      expect(thirdPartyInvites(roomId)).toMatchObject([{ display_name: `g...@${run.charAt(0)}...` }]);
      await appear(`guest-${name}`, guest);
      await accept(guest, roomId, context.serverName);
      guest.leaveClient();
    },
  );

  test('no log of the bridge names anybody’s address', async () => {
    expect(await context.bridgeLog()).not.toContain(`@${run}.nl`);
  });
});
