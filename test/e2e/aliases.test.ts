// Aliases on the real homeservers: both forms resolve, for everyone, and an existing room under the alias is adopted or refused.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communicationRequest } from '../../stack/demo/care-network.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import type { MatrixUserId, RoomAlias, RoomId } from '../../src/domain/ids.ts';
import { listDeadLetters } from '../../src/inbox/dead-letters.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { awaitIdle } from './bridges.ts';
import type { Conversation, TestContext } from './context.ts';
import { shareContext } from './context.ts';

/** As long as a person would wait; a deadlock between homeserver and bridge ends after 5 s at the soonest. */
const QUICK_MS = 3_000;
const dashed = (alias: string): string => alias.replace('/', '-');

describe.skipIf(inject('stackMissing') !== undefined)('an alias', () => {
  let context: TestContext;
  let conversation: Conversation;
  let roomId: string;
  let homeserver: Homeserver;
  let db: pg.Pool;
  beforeAll(async () => {
    context = await shareContext();
    conversation = await context.createConversation('Aliases-a.B', 'First');
    roomId = await context.nurse.join(conversation.room);
    await context.nurse.hear(roomId, 'First');
    homeserver = createHomeserver(
      createMatrixClient({
        homeserverUrl: context.homeserverUrl,
        asToken: inject('stack').appservice.asToken,
        maxConcurrentRequests: 10,
        requestTimeoutMs: 30_000,
        observe: () => () => undefined,
      }),
    );
    db = new pg.Pool({ connectionString: context.database.url });
    await awaitIdle(context.bridge);
  });
  afterAll(async () => {
    await db.end();
    await context.end();
  });

  /** What a server answers to a user, and whether it took longer than a person would wait. */
  async function ask(url: string, accessToken: string, method = 'GET') {
    const before = performance.now();
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: method === 'POST' ? '{}' : null,
    });
    const { room_id: found } = (await response.json()) as { room_id?: string };
    return { status: response.status, found, quick: performance.now() - before < QUICK_MS };
  }
  const tokenOfNurse = (): string => context.nurse.client.getAccessToken() ?? '';
  const directory = (url: string, alias: string): string =>
    `${url}/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`;

  test('with a slash resolves through a directory URL with %2F, and is joined by it', async () => {
    const { homeserverUrl } = context;
    const found = { status: 200, found: roomId, quick: true };
    expect(directory(homeserverUrl, conversation.room)).toContain('%23communicationrequest%2F');
    expect(await ask(directory(homeserverUrl, conversation.room), tokenOfNurse())).toEqual(found);
    const join = `${homeserverUrl}/_matrix/client/v3/join/${encodeURIComponent(conversation.room)}`;
    expect(await ask(join, tokenOfNurse(), 'POST')).toEqual(found);
  });

  test('with a dash resolves for a user, who may also join by it: the bridge makes it when asked', async () => {
    const alias = dashed(conversation.room);
    const found = { status: 200, found: roomId, quick: true };
    const join = `${context.homeserverUrl}/_matrix/client/v3/join/${encodeURIComponent(alias)}`;
    expect(await ask(join, tokenOfNurse(), 'POST')).toEqual(found);
    expect(await ask(directory(context.homeserverUrl, alias), tokenOfNurse())).toEqual(found);
  });

  test('with a dash resolves from another homeserver', async () => {
    const { neighbour } = inject('stack');
    const { accessToken } = await registerUser(neighbour, {
      localpart: `${context.prefix}guest`,
      displayName: 'Guest',
    });
    const { status, found, quick } = await ask(
      directory(neighbour.url, dashed(conversation.space)),
      accessToken,
    );
    expect([status, quick]).toEqual([200, true]);
    expect(found).toBe(await homeserver.resolveAlias(bot(), conversation.space as RoomAlias));
  });

  test.each([
    ['a dash and no room behind it', (room: string) => dashed(room).replace('Aliases', 'nobody')],
    ['a slash and no room behind it', (room: string) => room.replace('Aliases', 'nobody')],
    ['the id in another case', (room: string) => dashed(room).replace('Aliases', 'aliases')],
  ])('with %s is not found, at once', async (_, change) => {
    const url = directory(context.homeserverUrl, change(conversation.room));
    expect(await ask(url, tokenOfNurse())).toEqual({ status: 404, found: undefined, quick: true });
  });

  test('many at once are all answered: homeserver and bridge do not wait for each other', async () => {
    const aliases = Array.from({ length: 20 }, (_, index) =>
      dashed(conversation.room).replace('a.B', `${index}`),
    );
    const answers = await Promise.all(
      [dashed(conversation.space), ...aliases].map((alias) =>
        ask(directory(context.homeserverUrl, alias), tokenOfNurse()),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, ...aliases.map(() => 404)]);
  });

  test('whose room the database has forgotten leads back to the same room', async () => {
    const { platform, prefix, bridge, nurse } = context;
    // As a restored backup would have it: also the generation is unknown.
    await db.query('delete from room where reference = $1', [`CommunicationRequest/${conversation.id}`]);
    const resource = communicationRequest(prefix, conversation.id, `${prefix}team`, 'First');
    await platform.put({ ...resource, authoredOn: '2026-11-21T12:00:00Z' });
    const row = await waitUntil(() => rowOf(conversation.id), {
      what: 'the room is adopted',
      timeoutMs: 60_000,
    });
    expect(row).toBe(roomId);
    await awaitIdle(bridge);
    expect(await nurse.history(roomId)).toEqual(['First']);
  });

  test('that belongs to a room of someone else is left to it: the conversation has a room under a spare alias', async () => {
    const { prefix, serverName, nurse } = context;
    const id = `${prefix}taken`;
    const alias = `#communicationrequest/${id}:${serverName}` as RoomAlias;
    const someone = `@_fhir_${prefix}other:${serverName}` as MatrixUserId;
    await homeserver.registerGhost(someone);
    const theirs = await homeserver.createRoom(someone, { room_alias_name: `communicationrequest/${id}` });

    await context.createConversation('taken', 'Where am I?');
    const made = await nurse.join(`#communicationrequest/${id}/care:${serverName}`);
    await nurse.hear(made, 'Where am I?');
    expect(await homeserver.resolveAlias(bot(), alias)).toBe(theirs);
    const letters = await listDeadLetters(db, { after: 0, limit: 100 });
    expect(letters.filter(({ sourceId }) => sourceId.includes(id))).toEqual([]);
  });

  test('under which a professional of the team made the room leads to that room still, and it is the conversation', async () => {
    const { prefix, serverName, nurse } = context;
    const id = `${prefix}theirs`;
    const alias = `#communicationrequest/${id}:${serverName}` as RoomAlias;
    const space = await nurse.join(conversation.space);
    const rule = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] };
    const { room_id: theirs } = await nurse.client.createRoom({
      room_version: '11',
      power_level_content_override: { users: { [nurse.userId]: 100, [bot()]: 100 } },
      initial_state: [{ type: 'm.room.join_rules', state_key: '', content: rule }],
    });
    // As if it had been there before the namespace was the bridge's.
    await homeserver.createAlias(bot(), alias, theirs as RoomId);

    await context.createConversation('theirs', 'In your room');
    await nurse.hear(theirs, 'In your room');
    expect(await waitUntil(() => rowOf(id), { what: 'the room is adopted', timeoutMs: 60_000 })).toBe(theirs);
  });

  function bot(): MatrixUserId {
    return `@_fhir_bot:${context.serverName}` as MatrixUserId;
  }

  async function rowOf(requestId: string): Promise<string | undefined> {
    const { rows } = await db.query<{ room_id: string | null }>(
      'select room_id from room where reference = $1 and ready_at is not null',
      [`CommunicationRequest/${requestId}`],
    );
    return rows[0]?.room_id ?? undefined;
  }
});
