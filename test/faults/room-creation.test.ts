// Synapse is killed, or fails, at every step of a room's creation: what is left is mended into exactly one room.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { clock, sleep } from '../../src/app/clock.ts';
import { referenceTo } from '../../src/domain/ids.ts';
import type { FhirReference, MatrixUserId, RoomAlias, RoomId } from '../../src/domain/ids.ts';
import { ROOM_MARKER_KEY } from '../../src/domain/matrix.ts';
import type { Bridge } from '../../src/flows/bridge.ts';
import { applyPlan } from '../../src/flows/structure/apply-plan.ts';
import { planRoom } from '../../src/flows/structure/plan-room.ts';
import type { RoomSpec } from '../../src/flows/structure/room-spec.ts';
import { aliasOf, localpartOf, spareAliasOf } from '../../src/mapping/aliases.ts';
import { desiredConversation, desiredSpace, isBlank } from '../../src/mapping/desired-room.ts';
import type { DesiredRoom } from '../../src/mapping/desired-room.ts';
import { roomMarker } from '../../src/mapping/ghosts.ts';
import { powerLevels } from '../../src/mapping/power-levels.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { ensureRoom } from '../../src/matrix/ensure-room.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { createConnections } from '../../src/store/connections.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoomLocks } from '../../src/store/room-locks.ts';
import * as rooms from '../../src/store/rooms.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { waitUntil } from '../../stack/wait.ts';
import { createBridge, SETTINGS } from '../builders/bridge.ts';
import { NO_PEOPLE } from '../builders/people.ts';
import { LENGTH, SEED, seeded } from '../builders/random.ts';
import { HOLDING, STEPS, type Step } from './holding.ts';

const KEY = 'the pseudonymization key of this test';
/** For what nobody makes any more: its maker is dead. */
const IMPATIENT = { creationMs: 1_000, reservationMs: 500, pollMs: 100 };
/** For what is still being made. */
const PATIENT = { creationMs: 60_000, reservationMs: 60_000, pollMs: 100 };
/** Between the beginnings of two creations, before Synapse is killed in the midst of them. */
const RHYTHMS_MS = Array.from({ length: 2 * LENGTH }, seeded(SEED)).map((share) => 30 + 70 * share);
const VERSIONS = ['11', '12'] as const;

/** A room that is to be made, in a version. */
type NewRoom = DesiredRoom & { readonly roomVersion: string };

describe.skipIf(inject('stackMissing') !== undefined)('the creation of a room', () => {
  let stack: Stack<'synapse'>;
  let bridgeDb: pg.Pool;
  let locks: ReturnType<typeof createRoomLocks>;
  let synapseDb: pg.Pool;
  let bot: MatrixUserId;
  let homeserver: Bridge['homeserver'];
  let lastId = 0;
  /** Holds the advisory lock that Synapse waits for. */
  let holder: pg.Client | undefined;
  /** Told of the operation of every request before it is sent. */
  let onRequest: (operation: string) => void = () => undefined;

  beforeAll(async () => {
    // A server of its own even where DATABASE_URL names one: the triggers below need a superuser.
    stack = await startStack({ services: ['synapse'], fsync: false, databaseUrl: '' });
    await migrate(stack.bridgeDatabase.url);
    const connections = createConnections(stack.bridgeDatabase.url, 20);
    bridgeDb = connections.pool;
    locks = createRoomLocks({ connect: connections.connectSession, sleep });
    synapseDb = createConnections(new URL('/synapse', stack.postgres.adminUrl).href, 5).pool;
    // The server may end before the last connection that a pool has given up.
    for (const pool of [bridgeDb, synapseDb])
      pool.on('connect', (client) => client.on('error', () => undefined));
    await synapseDb.query(HOLDING);
    const client = createMatrixClient({
      homeserverUrl: stack.synapse.url,
      asToken: stack.appservice.asToken,
      maxConcurrentRequests: 100,
      requestTimeoutMs: 30_000,
      observe: (operation) => (onRequest(operation), () => undefined),
    });
    homeserver = createHomeserver(client);
    bot = `@_fhir_bot:${stack.synapse.serverName}` as MatrixUserId;
    await homeserver.registerGhost(bot);
  });
  afterEach(async () => {
    onRequest = () => undefined;
    await resume();
  });
  afterAll(async () => {
    await Promise.all([locks.close(), bridgeDb.end(), synapseDb.end()]);
    await stack.stop();
  });

  test('killed at each step, before it is committed', async () => {
    const cases = VERSIONS.flatMap((version) =>
      STEPS.map(([step, kind]) => ({ step, kind, room: newRoom(version) })),
    );
    await holdUp(cases.map(({ room, step }) => ({ room, step })));
    const making = Promise.allSettled(cases.map(({ room }) => make(room, PATIENT)));
    await awaitHeldUp(cases.length);
    await stack.synapse.service.kill();
    await resume();
    expect((await making).map(({ status }) => status)).toEqual(cases.map(() => 'rejected'));
    await stack.synapse.service.start();

    expect(await Promise.all(cases.map(({ room }) => kindOf(room)))).toEqual(cases.map(({ kind }) => kind));
    const made = await Promise.all(cases.map(({ room }) => make(room, IMPATIENT)));
    for (const [index, { room }] of cases.entries()) await expectOnlyRoom(room, made[index]);
  });

  test(`killed at growing delays, seed ${SEED}`, { timeout: 180_000 * LENGTH }, async () => {
    const seen: Record<string, number> = {};
    for (const rhythmMs of RHYTHMS_MS) {
      const wanted = Array.from({ length: 16 }, (_, index) => newRoom(index % 2 === 0 ? '11' : '12'));
      const making: Promise<unknown>[] = [];
      for (const room of wanted) {
        making.push(make(room, PATIENT).catch(() => undefined));
        await sleep(rhythmMs);
      }
      await stack.synapse.service.kill();
      await Promise.all(making);
      await stack.synapse.service.start();
      for (const room of wanted) {
        const kind = await kindOf(room);
        seen[kind] = (seen[kind] ?? 0) + 1;
      }
      const made = await Promise.all(wanted.map((room) => make(room, IMPATIENT)));
      for (const [index, room] of wanted.entries()) await expectOnlyRoom(room, made[index]);
    }
    process.stdout.write(`[room creation] killed at growing delays: ${JSON.stringify(seen)}\n`);
  });

  describe.each(VERSIONS)('in room version %s', (version) => {
    test('six at once make one room', async () => {
      const room = newRoom(version);
      const made = await Promise.all(Array.from({ length: 6 }, () => make(room, PATIENT)));
      expect(new Set(made).size).toBe(1);
      await expectOnlyRoom(room, made[0]);
    });

    test.each(STEPS)('which failed at %s is mended by six at once into one room', async (step, kind) => {
      const room = newRoom(version);
      await synapseDb.query('insert into held_up values ($1, $2, true)', [aliasOfRoom(room), step]);
      await expect(make(room, PATIENT)).rejects.toMatchObject({ code: 'matrix-unavailable' });
      await synapseDb.query('delete from held_up');
      expect(await kindOf(room)).toBe(kind);
      const made = await Promise.all(Array.from({ length: 6 }, () => make(room, IMPATIENT)));
      expect(new Set(made).size).toBe(1);
      await expectOnlyRoom(room, made[0]);
    });

    test.each(STEPS)('which still runs, at %s, is waited for', async (step) => {
      const room = newRoom(version);
      await holdUp([{ room, step }]);
      const first = make(room, PATIENT);
      await awaitHeldUp(1);
      // A second that asks to join waits within Synapse for the first's join; otherwise it looks again and again.
      const looks = Promise.withResolvers<undefined>();
      let read = 0;
      onRequest = (operation) => {
        if (operation === 'read state') read += 1;
        if (read > 2 || (step === 'm.room.member' && operation === 'join')) looks.resolve(undefined);
      };
      const second = make(room, PATIENT);
      await looks.promise;
      await resume();
      expect(await second).toBe(await first);
      await expectOnlyRoom(room, await first);
    });

    test('which was given up early fails in the end, and the room made since stays', async () => {
      const room = newRoom(version);
      await holdUp([{ room, step: 'm.room.create' }]);
      const slow = make(room, PATIENT);
      await awaitHeldUp(1);
      await synapseDb.query('delete from held_up');
      const made = await make(room, IMPATIENT);
      const slowly = expect(slow).rejects.toMatchObject({ code: 'room-unfinished' });
      await resume();
      await slowly;
      expect(await make(room, IMPATIENT)).toBe(made);
      await expectOnlyRoom(room, made);
    });

    test('which was given up and ends well gives way to the room made since', async () => {
      const room = newRoom(version);
      await holdUp([{ room, step: 'm.room.power_levels' }]);
      const slow = make(room, PATIENT);
      await awaitHeldUp(1);
      await synapseDb.query('delete from held_up');
      // The alias is taken from the room before the bot leaves it, which has to wait for the events that wait.
      const leaves = Promise.withResolvers<undefined>();
      onRequest = (operation) => {
        if (operation === 'leave') leaves.resolve(undefined);
      };
      const made = make(room, IMPATIENT);
      await leaves.promise;
      await resume();
      expect(await slow).toBe(await made);
      await expectOnlyRoom(room, await made);
    });
  });

  describe('under an alias of someone else', () => {
    test.each([
      ['a room of another user', '11', 'ghost', 'private_chat'],
      ['a room of another user', '12', 'ghost', 'private_chat'],
      ['an open room of another user', '12', 'ghost', 'public_chat'],
      ['a room of the bot with another marker', '11', 'bot', 'private_chat'],
      ['a room of the bot with another marker', '12', 'bot', 'private_chat'],
    ] as const)('%s (%s) is left alone', async (_name, version, who, preset) => {
      const room = newRoom(version);
      const maker = who === 'bot' ? bot : (`@_fhir_someone:${stack.synapse.serverName}` as MatrixUserId);
      if (maker !== bot) await homeserver.registerGhost(maker);
      const theirs = await homeserver.createRoom(maker, {
        room_version: version,
        room_alias_name: localpartOf(aliasOfRoom(room)),
        preset,
        creation_content: { [ROOM_MARKER_KEY]: 'of another bridge' },
      });
      const before = await stateOf(maker, theirs);
      const made = await make(room, IMPATIENT);
      expect(made).not.toBe(theirs);
      expect(await stateOf(maker, theirs)).toEqual(before);
      expect(await homeserver.resolveAlias(bot, aliasOfRoom(room))).toBe(theirs);
      expect(await homeserver.resolveAlias(bot, spareAliasOf(aliasOfRoom(room)))).toBe(made);
      expect((await rooms.findRoom(bridgeDb, room.reference))?.roomId).toBe(made);
    });
  });

  /** By turns a space and a conversation. */
  function newRoom(roomVersion: string): NewRoom {
    lastId += 1;
    const title = { name: 'Care team', topic: '' };
    const confines = { servers: 'all', history: 'shared' } as const;
    const wishes = { phase: 'open' as const, title, members: [], confines };
    const none = { listed: [], unlisted: [], via: '' };
    const desired =
      lastId % 3 === 0
        ? desiredSpace(referenceTo('CareTeam', `c${lastId}`), wishes, none)
        : desiredConversation(referenceTo('CommunicationRequest', `r${lastId}`), wishes, undefined);
    return { ...desired, roomVersion };
  }

  /** The bridge's own way to a room, as a process of its own would go it: nothing but the dropping of one is locked. */
  async function make(desired: NewRoom, patience: typeof PATIENT): Promise<RoomId> {
    const deps = { homeserver, bot, clock, sleep, patience };
    const bridge = createBridge(bridgeDb, {
      homeserver,
      ensureRoom: (order, signal) => ensureRoom(deps, order, signal),
      roomLock: locks.lock,
      newRoomVersion: () => Promise.resolve(desired.roomVersion),
      settings: { ...SETTINGS, bot, serverName: stack.synapse.serverName, pseudonymizationKey: KEY },
    });
    const { reference, kind } = desired;
    const spec: RoomSpec = {
      ...{ reference, kind, versionId: '1', make: true, phases: ['open'] },
      ...{ subject: undefined, placement: undefined, firstMessage: undefined, authoredAt: undefined },
      people: NO_PEOPLE,
      ...{ dependencies: new Set<FhirReference>(), stamps: new Map() },
      desiredFor: () => Promise.resolve(desired),
    };
    const plan = await planRoom(bridge, spec, AbortSignal.timeout(600_000));
    if (plan === undefined) throw new TypeError('No room is wanted');
    return applyPlan(bridge, plan, { signal: AbortSignal.timeout(600_000), requireInvites: false });
  }

  function aliasOfRoom({ reference }: { reference: FhirReference }): RoomAlias {
    return aliasOf(reference, { ...SETTINGS, serverName: stack.synapse.serverName });
  }

  /** Makes Synapse wait before it stores an event of a room, until `resume`. */
  async function holdUp(steps: readonly { room: NewRoom; step: Step }[]): Promise<void> {
    holder = new pg.Client(synapseDb.options);
    await holder.connect();
    await holder.query('select pg_advisory_lock(1)');
    for (const { room, step } of steps) {
      await synapseDb.query('insert into held_up values ($1, $2, false)', [aliasOfRoom(room), step]);
    }
  }

  /** Those who wait may go on, those who come later need not wait. */
  async function resume(): Promise<void> {
    await synapseDb.query('delete from held_up');
    await holder?.end();
    holder = undefined;
    await awaitHeldUp(0);
  }

  async function awaitHeldUp(many: number): Promise<void> {
    const counted = `select count(*)::int as many from pg_locks where locktype = 'advisory' and not granted`;
    const look = async (): Promise<boolean> =>
      (await synapseDb.query<{ many: number }>(counted)).rows[0]?.many === many;
    await waitUntil(look, { what: `${many} of Synapse's transactions wait`, timeoutMs: 60_000, everyMs: 20 });
  }

  /** What a creation has left behind, by Synapse's tables. */
  async function kindOf(room: NewRoom): Promise<string> {
    const { rows } = await synapseDb.query<{ types: string[] }>(
      `select array_remove(array_agg(distinct type), null) as types
       from room_aliases left join events using (room_id) where room_alias = $1 group by room_id`,
      [aliasOfRoom(room)],
    );
    const types = rows[0]?.types;
    if (types === undefined) return 'nothing';
    if (types.includes('m.room.power_levels')) return 'whole room';
    if (types.includes('m.room.member')) return 'create and join only';
    return types.includes('m.room.create') ? 'create only' : 'alias without events';
  }

  async function expectOnlyRoom(room: NewRoom, roomId: RoomId | undefined): Promise<void> {
    if (roomId === undefined) throw new TypeError('There is no room');
    expect(await homeserver.resolveAlias(bot, aliasOfRoom(room))).toBe(roomId);
    expect((await rooms.findRoom(bridgeDb, room.reference))?.roomId).toBe(roomId);
    const state = await homeserver.roomState(bot, roomId);
    const contentOf = (type: string, key = ''): unknown =>
      state.find((event) => event.type === type && event.state_key === key)?.content;
    expect(contentOf('m.room.create')).toMatchObject({ room_version: room.roomVersion });
    const levels = powerLevels(room, { roomVersion: room.roomVersion, bot, people: room.members });
    expect(contentOf('m.room.power_levels')).toMatchObject(levels);
    expect(contentOf('m.room.member', bot)).toMatchObject({ membership: 'join' });
    for (const { type, state_key: key, content } of room.state.filter((event) => !isBlank(event)))
      expect(contentOf(type, key)).toEqual(content);
    expect(await usableRooms(room)).toEqual([roomId]);
  }

  /** The usable rooms made for a resource, in any generation: those with power levels that the bot is in. */
  async function usableRooms({ reference }: NewRoom): Promise<readonly string[]> {
    const markers = Array.from({ length: 20 }, (_, generation) => roomMarker(reference, generation, KEY));
    const { rows } = await synapseDb.query<{ room_id: string }>(
      `select c.room_id from current_state_events c join event_json j using (event_id)
       join local_current_membership m on m.room_id = c.room_id and m.user_id = $1 and m.membership = 'join'
       join current_state_events p on p.room_id = c.room_id and p.type = 'm.room.power_levels'
       where c.type = 'm.room.create' and j.json::json -> 'content' ->> $2 = any($3)`,
      [bot, ROOM_MARKER_KEY, markers],
    );
    return rows.map((row) => row.room_id);
  }

  /** A room's state by event ids, without the bot's coming and going in an open room of others. */
  async function stateOf(as: MatrixUserId, roomId: RoomId): Promise<readonly unknown[]> {
    const state = await homeserver.roomState(as, roomId);
    const kept = state.filter((event) => as === bot || event.state_key !== bot);
    return kept.map((event) => event['event_id']).toSorted();
  }
});
