// Invitations between two homeservers: what a practitioner elsewhere is shown, and how a ghost answers one from elsewhere.
import { Preset } from 'matrix-js-sdk';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { careTeam, communication, matrixTelecom } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';
import type { PseudonymService } from './pseudonym-service.ts';
import { BEARER, startPseudonymService } from './pseudonym-service.ts';
import { botView } from './rooms.ts';

const CONTEXT_KEY = 'nl-ta-chat.invite.context';

describe.skipIf(inject('stackMissing') !== undefined).each(['11', '12'])(
  'an invitation across homeservers, in room version %s',
  (version) => {
    let context: TestContext;
    let service: PseudonymService;
    let guest: MatrixPerson & { readonly userId: string };
    let db: pg.Pool;
    let joined: { readonly roomId: string; readonly ghost: string };
    beforeAll(async () => {
      const { neighbour } = inject('stack');
      service = await startPseudonymService();
      context = await startContext({
        BRIDGE_MATRIX_ROOM_VERSION: version,
        BRIDGE_MATRIX_TRUSTED_SERVERS: neighbour.serverName,
        ...service.environment,
      });
      db = new pg.Pool({ connectionString: context.database.url });
      const user = await registerUser(neighbour, {
        localpart: `${context.prefix}guest`,
        displayName: 'Guest',
      });
      guest = { ...(await startPerson(neighbour.url, user)), userId: user.userId };
    });
    afterAll(async () => {
      guest.leaveClient();
      service.end();
      await db.end();
      await context.end();
    });

    test('a practitioner of another homeserver is shown the context, and joins', async () => {
      const { platform, prefix, serverName, nurse } = context;
      await platform.put({
        resourceType: 'Practitioner',
        id: `${prefix}guest`,
        name: [{ text: 'Gus Guest' }],
        telecom: [matrixTelecom(guest.userId)],
      });
      const team = careTeam(prefix, `${prefix}team`) as ReturnType<typeof careTeam> & {
        participant: object[];
      };
      team.participant.push({ member: { reference: `Practitioner/${prefix}guest` } });
      await platform.put(team);
      const spaceId = await nurse.join(`#careteam/${prefix}team:${serverName}`);

      const member = await waitUntil(() => guest.state(spaceId, 'm.room.member', guest.userId), {
        what: 'the invitation is in the guest’s sync',
        timeoutMs: 60_000,
      });
      const asked = service.asked.filter(({ path }) => path === '/tokens');
      expect(asked).toEqual([
        {
          path: '/tokens',
          authorization: `Bearer ${BEARER}`,
          body: { subject: `Patient/${prefix}client`, audience: inject('stack').neighbour.serverName },
        },
      ]);
      expect(member).toEqual({
        // By the homeserver: the invited user's own profile.
        displayname: 'Guest',
        membership: 'invite',
        reason: 'You are invited to take part in care communication',
        [CONTEXT_KEY]: {
          version: '1.0',
          'room.subject': {
            resourceType: 'Patient',
            identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn', value: 'token-1' }],
          },
        },
      });
      const seen = (membership: string) =>
        waitUntil(() => nurse.state(spaceId, 'm.room.member', guest.userId)?.['membership'] === membership, {
          what: `the nurse sees the guest’s ${membership}`,
          timeoutMs: 60_000,
        });
      // The inviting homeserver stores the invitation after the invited one has signed it.
      await seen('invite');
      await guest.client.joinRoom(spaceId, { viaServers: [serverName] });
      await seen('join');
      expect(guest.state(spaceId, 'm.room.create')).toMatchObject({ room_version: version });

      // A later convergence finds them there, and uses up no token.
      await platform.put({ ...team, status: 'suspended' });
      await awaitIdle(context.bridge);
      expect(service.asked.filter(({ path }) => path === '/tokens')).toHaveLength(1);
    });

    /** A room of the guest, into which they invite the daughter's ghost. */
    async function inviteGhost(content: Readonly<Record<string, unknown>>) {
      const { rows } = await db.query<{ user_id: string }>(
        'select user_id from person where reference = $1',
        [`RelatedPerson/${context.prefix}daughter`],
      );
      const ghost = rows[0]?.user_id ?? '';
      const { room_id: roomId } = await guest.client.createRoom({
        room_version: version,
        preset: Preset.PrivateChat,
      });
      const invitation = { membership: 'invite', ...content };
      await guest.client.sendStateEvent(roomId, 'm.room.member' as never, invitation as never, ghost);
      const membership = () => guest.state(roomId, 'm.room.member', ghost)?.['membership'];
      return { roomId, ghost, membership };
    }
    const contextOf = (value: string) => ({
      [CONTEXT_KEY]: {
        version: '1.0',
        'room.subject': {
          resourceType: 'Patient',
          identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn', value }],
        },
      },
    });
    const becomes = (membership: () => unknown, wanted: string) =>
      waitUntil(() => membership() === wanted, {
        what: `the ghost’s membership is ${wanted}`,
        timeoutMs: 60_000,
      });
    const stored = async (roomId: string) => {
      const found = await db.query<object>(
        'select user_id, inviter, subject, joined_at is not null as joined from invitation where room_id = $1',
        [roomId],
      );
      return found.rows;
    };

    test('a ghost that is invited with a known token joins, and the patient is stored', async () => {
      await context.platform.put({ resourceType: 'Patient', id: 'of-ours' });
      const { roomId, ghost, membership } = await inviteGhost(contextOf('known-token'));
      joined = { roomId, ghost };
      await becomes(membership, 'join');
      await awaitIdle(context.bridge);
      expect(await stored(roomId)).toEqual([
        { user_id: ghost, inviter: guest.userId, subject: 'Patient/of-ours', joined: true },
      ]);
      expect(service.asked.at(-1)).toMatchObject({
        path: '/patients',
        body: {
          token: 'known-token',
          sender: inject('stack').neighbour.serverName,
          audience: context.serverName,
          requestId: expect.stringMatching(/^\$/) as string,
        },
      });
    });

    test('the room is a conversation of one’s own then: both sides are heard, and filed', async () => {
      const { platform, prefix } = context;
      const { roomId, ghost } = joined;
      const daughter = { reference: `RelatedPerson/${prefix}daughter`, type: 'RelatedPerson' };
      const uri = `urn:ietf:rfc:3986|matrix:roomid/${roomId.slice(1)}`;
      const find = async () =>
        (await platform.search(`CommunicationRequest?identifier=${encodeURIComponent(uri)}`))[0];
      const request = await waitUntil(find, { what: 'the conversation is there', timeoutMs: 60_000 });
      expect(request).toMatchObject({
        subject: { reference: 'Patient/of-ours', type: 'Patient' },
        recipient: [daughter],
      });
      const { id } = request;

      await guest.say(roomId, 'From the other organisation');
      const heard = await awaitRecords(platform, id, ({ length }) => length === 1);
      expect(heard).toMatchObject([{ payload: [{ contentString: 'From the other organisation' }] }]);

      await platform.post(communication(prefix, id, 'From our platform'));
      expect((await guest.hear(roomId, 'From our platform')).getSender()).toBe(ghost);
      // No second room is made for it.
      expect(await botView().find(`#communicationrequest/${id}:${context.serverName}`)).toBeUndefined();
    });

    test('a ghost that is invited with an unknown token declines', async () => {
      const { roomId, membership } = await inviteGhost(contextOf('some-token'));
      await becomes(membership, 'leave');
      expect(await stored(roomId)).toEqual([]);
    });

    test('an invitation without a context is left standing', async () => {
      const { membership } = await inviteGhost({});
      const ignored = /^bridge_items_total\{[^}]*reason="no-context"[^}]*\} 1$/m;
      const look = async () => ignored.test(await (await fetch(`${context.bridge.opsUrl}/metrics`)).text());
      await waitUntil(look, { what: 'the invitation was looked at', timeoutMs: 60_000 });
      await becomes(membership, 'invite');
    });

    test('no token, patient or bearer token is in the log or the metrics', async () => {
      const told = `${await context.bridgeLog()} ${await (await fetch(`${context.bridge.opsUrl}/metrics`)).text()}`;
      for (const secret of ['token-1', 'known-token', 'some-token', 'of-ours', BEARER])
        expect(told).not.toContain(secret);
    });
  },
);
