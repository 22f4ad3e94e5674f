// The two homeservers of the stack federate: an invitation with content of its own, a join and messages go across.
import { Preset } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import type { HumanUser } from '../../stack/synapse.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';

const CONTEXT_KEY = 'nl-ta-chat.invite.context';
const CONTEXT = { version: '1.0', patient: { token: 'opaque-token' } };

describe.skipIf(inject('stackMissing') !== undefined)('two homeservers', () => {
  let host: MatrixPerson;
  let guest: MatrixPerson;
  let guestUser: HumanUser;
  beforeAll(async () => {
    const { synapse, neighbour } = inject('stack');
    const localpart = `federation-${Date.now().toString(36)}`;
    guestUser = await registerUser(neighbour, { localpart, displayName: 'Guest' });
    guest = await startPerson(neighbour.url, guestUser);
    host = await startPerson(synapse.url, await registerUser(synapse, { localpart, displayName: 'Host' }));
  });
  afterAll(() => {
    host.leaveClient();
    guest.leaveClient();
  });

  test.each(['11', '12'])(
    'a guest of the neighbour reads the context of an invitation, joins and talks (room version %s)',
    async (version) => {
      const { synapse } = inject('stack');
      const { room_id: roomId } = await host.client.createRoom({
        room_version: version,
        preset: Preset.PrivateChat,
      });
      const invitation = { membership: 'invite', reason: 'You are asked to join', [CONTEXT_KEY]: CONTEXT };
      await host.client.sendStateEvent(
        roomId,
        'm.room.member' as never,
        invitation as never,
        guestUser.userId,
      );

      const member = await waitUntil(() => guest.state(roomId, 'm.room.member', guestUser.userId), {
        what: 'the invitation is in the guest’s sync',
        timeoutMs: 30_000,
      });
      expect(member).toMatchObject(invitation);

      await guest.client.joinRoom(roomId, { viaServers: [synapse.serverName] });
      await host.say(roomId, 'Welcome');
      await guest.hear(roomId, 'Welcome');
      await guest.say(roomId, 'Glad to be here');
      await host.hear(roomId, 'Glad to be here');
      expect(guest.state(roomId, 'm.room.create')).toMatchObject({ room_version: version });
    },
  );
});
