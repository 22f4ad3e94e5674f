// Invitations whose push went lost: while the bridge is away, another takes what the homeserver pushes, and forgets it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import pg from 'pg';
import { TEAM_ROLE_SYSTEM } from '../../src/domain/fhir.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { waitUntil } from '../../stack/wait.ts';
import { startUser } from './care.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { recordsOf, startContext } from './context.ts';
import type { PseudonymService } from './pseudonym-service.ts';
import { startPseudonymService } from './pseudonym-service.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

interface Pushed {
  readonly events?: readonly {
    readonly type: string;
    readonly state_key?: string;
    readonly room_id: string;
  }[];
}

describe.skipIf(inject('stackMissing') !== undefined)('an invitation whose push went lost', () => {
  let context: TestContext;
  let service: PseudonymService;
  let guest: MatrixPerson & { readonly userId: string };
  let db: pg.Pool;
  beforeAll(async () => {
    service = await startPseudonymService();
    context = await startContext({
      ...service.environment,
      BRIDGE_MATRIX_ROOM_VERSION: '11',
      BRIDGE_MATRIX_TRUSTED_SERVERS: inject('stack').neighbour.serverName,
      BRIDGE_NIGHTLY_RECONCILE_HOUR: '0',
      // An upgraded room that is open to the space would let the bot in without an invitation.
      BRIDGE_MATRIX_JOIN_THROUGH_SPACE: 'false',
    });
    db = new pg.Pool({ connectionString: context.database.url });
    guest = await startUser(context, 'guest', 'neighbour');
  });
  afterAll(async () => {
    guest.leaveClient();
    service.end();
    await db.end();
    await context.end();
  });

  /** Has the bridge away while `work` is done, and whatever is pushed meanwhile answered and forgotten. */
  async function losing(invited: string, work: () => Promise<string>): Promise<string> {
    const { bridge } = context;
    const lost: string[] = [];
    await bridge.service.stop();
    const swallower = createServer((request, response) => {
      const answer = (body: unknown): void => {
        for (const { type, state_key: key, room_id: roomId } of (body as Pushed).events ?? [])
          if (type === 'm.room.member') lost.push(`${key ?? ''} ${roomId}`);
        response.setHeader('content-type', 'application/json').end('{}');
      };
      // A push that is cut off by the end of this server comes again to the bridge.
      void json(request).then(answer, () => response.destroy());
    });
    swallower.listen(inject('stack').appservice.port, '127.0.0.1');
    await once(swallower, 'listening');
    const roomId = await work();
    await waitUntil(() => Promise.resolve(lost.includes(`${invited} ${roomId}`)), {
      what: 'the invitation is pushed, and lost',
      timeoutMs: 60_000,
    });
    swallower.close();
    swallower.closeAllConnections();
    await bridge.service.start();
    return roomId;
  }

  test('is seen by /sync where it is the bot’s: the upgrade for which it waits is followed', async () => {
    const { nurse, platform, prefix, createConversation, bridge } = context;
    const bot = botView();
    // The nurse makes the next room, and so has to be a lead.
    const { room, id } = await createConversation('talk', 'The first message');
    const team = await platform.read(`CareTeam/${prefix}team`);
    const [first, ...others] = team['participant'] as readonly object[];
    const lead = { ...first, role: [{ coding: [{ system: TEAM_ROLE_SYSTEM, code: 'primary' }] }] };
    await platform.put({ ...team, participant: [lead, ...others] } as never);
    const roomId = await nurse.join(room);
    const levels = async (): Promise<unknown> => (await bot.state(roomId))['m.room.power_levels ']?.['users'];
    await eventually(levels).toMatchObject({ [nurse.userId]: 100 });
    await awaitIdle(bridge);

    const { replacement_room: next } = await nurse.client.upgradeRoom(roomId, '11');
    const awaited = async (): Promise<unknown> =>
      (await db.query<object>('select replacement_room_id, followed_at from former_room')).rows;
    await eventually(awaited).toEqual([{ replacement_room_id: next, followed_at: null }]);
    await nurse.say(next, 'Is anyone here?');
    await awaitIdle(bridge);
    await losing(bot.userId, async () => {
      await nurse.client.invite(next, bot.userId);
      return next;
    });
    await nurse.say(next, 'Going on here');
    const records = async (): Promise<readonly unknown[]> =>
      (await recordsOf(platform, id)).map(({ payload }) => payload[0]?.contentString);
    await eventually(records).toEqual(['Is anyone here?', 'Going on here']);
  });

  test('is found by the nightly reconcile where it is a ghost’s', async () => {
    await context.platform.put({ resourceType: 'Patient', id: 'of-ours' });
    const ghost = ghostOf(`RelatedPerson/${context.prefix}daughter`);
    const subject = {
      resourceType: 'Patient',
      identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn', value: 'known-token' }],
    };
    const content = {
      membership: 'invite',
      'nl-ta-chat.invite.context': { version: '1.0', 'room.subject': subject },
    };
    // As if the last one was long ago.
    await db.query(`update reader_cursor set position = '2000-01-01' where reader = 'nightly-reconcile'`);
    const roomId = await losing(ghost, async () => {
      const made = await guest.client.createRoom({ room_version: '12' });
      await guest.client.sendStateEvent(made.room_id, 'm.room.member' as never, content as never, ghost);
      return made.room_id;
    });
    await eventually(() => Promise.resolve(guest.state(roomId, 'm.room.member', ghost)?.['membership'])).toBe(
      'join',
    );
    await awaitIdle(context.bridge);
    const { rows } = await db.query(
      'select user_id, inviter, subject, joined_at is not null as joined from invitation',
    );
    expect(rows).toEqual([
      { user_id: ghost, inviter: guest.userId, subject: 'Patient/of-ours', joined: true },
    ]);
    expect(service.asked.filter(({ path }) => path === '/patients')).toHaveLength(1);
  });
});
