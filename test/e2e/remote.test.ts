// A professional of another homeserver takes part in a conversation: invited with context, heard, filed under their name.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { waitUntil } from '../../stack/wait.ts';
import { findPersonalData } from '../builders/personal-data.ts';
import { aliases, practitioner, request, startUser, team } from './care.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually } from './rooms.ts';

/** A pseudonym service that gives `pseudonym-1`, `pseudonym-2` … */
async function startTokenService(): Promise<{ readonly url: string; readonly server: Server }> {
  let given = 0;
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      given += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ token: `pseudonym-${given}` }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tokens`, server };
}

describe.skipIf(inject('stackMissing') !== undefined).each(['11', '12'])(
  'a professional of another homeserver, in rooms of version %s',
  (version) => {
    let context: TestContext;
    let bot: BotView;
    let service: Awaited<ReturnType<typeof startTokenService>>;
    let guest: Awaited<ReturnType<typeof startUser>>;
    let spaceId: string;
    let roomId: string;
    beforeAll(async () => {
      service = await startTokenService();
      context = await startContext({
        BRIDGE_MATRIX_ROOM_VERSION: version,
        BRIDGE_MATRIX_TRUSTED_SERVERS: inject('stack').neighbour.serverName,
        BRIDGE_INVITATIONS_TOKEN_URL: service.url,
      });
      bot = botView();
      guest = await startUser(context, 'guest', 'neighbour');
      const { platform, prefix } = context;
      await platform.put(practitioner(`${prefix}guest`, 'Dr. Gus Guest', guest.userId));
      await putTeam(['Practitioner/guest', 'Practitioner/nurse', 'RelatedPerson/daughter']);
      await platform.put(request(prefix, `${prefix}talk`, [`CareTeam/${prefix}team`]));
      spaceId = await bot.await(aliases.space(`${prefix}team`));
      roomId = await bot.await(aliases.room(`${prefix}talk`));
    });
    afterAll(async () => {
      guest.leaveClient();
      service.server.close();
      service.server.closeAllConnections();
      await context.end();
    });

    const putTeam = async (members: readonly string[]): Promise<void> => {
      const { platform, prefix } = context;
      const own = members.map((reference) => reference.replace('/', `/${prefix}`));
      await platform.put(team(prefix, `${prefix}team`, own));
    };
    const invitationTo = (id: string): Promise<Readonly<Record<string, unknown>>> =>
      waitUntil(() => guest.state(id, 'm.room.member', guest.userId), {
        what: 'the invitation is in the guest’s sync',
        timeoutMs: 60_000,
      });
    const membership = async (id: string): Promise<unknown> => (await bot.members(id))[guest.userId];

    test('is invited to space and room each with a pseudonym of its own, for a neutral reason, and nothing else', async () => {
      const pseudonyms: unknown[] = [];
      for (const id of [spaceId, roomId]) {
        const invitation = await invitationTo(id);
        expect(invitation).toEqual({
          membership: 'invite',
          // By the homeserver: the invited user's own profile.
          displayname: 'guest',
          reason: 'You are invited to take part in care communication',
          'nl-ta-chat.invite.context': {
            version: '1.0',
            'room.subject': {
              resourceType: 'Patient',
              identifier: [
                {
                  system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn',
                  value: expect.stringMatching(/^pseudonym-[12]$/) as string,
                },
              ],
            },
          },
        });
        pseudonyms.push(/pseudonym-\d/.exec(JSON.stringify(invitation))?.[0]);
      }
      expect(new Set(pseudonyms)).toEqual(new Set(['pseudonym-1', 'pseudonym-2']));
    });

    test('joins, with the level of a professional, and sees nobody’s personal data', async () => {
      const { nurse, serverName } = context;
      for (const id of [spaceId, roomId]) await guest.client.joinRoom(id, { viaServers: [serverName] });
      await nurse.join(aliases.room(`${context.prefix}talk`));
      await nurse.join(aliases.space(`${context.prefix}team`));
      for (const id of [spaceId, roomId]) {
        await eventually(() => membership(id)).toBe('join');
        const seen = await guest.client.roomState(id);
        const levels = seen.find(({ type }) => type === 'm.room.power_levels');
        expect(levels?.content['users']).toMatchObject({ [guest.userId]: 75, [nurse.userId]: 75 });
        expect(seen.find(({ type }) => type === 'm.room.create')?.content).toMatchObject({
          room_version: version,
        });
        expect(findPersonalData(JSON.stringify(seen))).toEqual([]);
      }
    });

    test('is heard by the platform under their own name, and hears it', async () => {
      const { platform, prefix, nurse } = context;
      const eventId = await guest.say(roomId, 'From the other organisation');
      await nurse.hear(roomId, 'From the other organisation');
      const [record] = await awaitRecords(platform, `${prefix}talk`, (records) => records.length === 1);
      expect(record).toMatchObject({
        identifier: [{ system: 'https://matrix.org/event-id', value: eventId }],
        sender: { reference: `Practitioner/${prefix}guest` },
        subject: { reference: `Patient/${prefix}client` },
        payload: [{ contentString: 'From the other organisation' }],
      });
      await platform.post(communication(prefix, `${prefix}talk`, 'From the platform'));
      const heard = await guest.hear(roomId, 'From the platform');
      expect(heard.sender?.name).toBe('K.D.V. (relative)');
    });

    test('is out of space and room when the team drops them', async () => {
      await putTeam(['Practitioner/nurse', 'RelatedPerson/daughter']);
      for (const id of [spaceId, roomId]) {
        await eventually(() => membership(id)).toBe('leave');
        await waitUntil(() => guest.client.getRoom(id)?.getMyMembership() === 'leave', {
          what: 'the guest’s client sees that they left',
          timeoutMs: 60_000,
        });
      }
      await awaitIdle(context.bridge);
    });
  },
);
