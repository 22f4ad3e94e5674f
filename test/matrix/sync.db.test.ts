// Push and /sync together, on a real database: the order of /sync wins, nothing is lost, nothing comes twice.
import type { ClientBase } from 'pg';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import { createIntake, MATRIX_READER } from '../../src/flows/intake.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { enqueue } from '../../src/inbox/enqueue.ts';
import { knownSourceIds } from '../../src/inbox/known-items.ts';
import { syncOnce } from '../../src/matrix/sync-reader.ts';
import { readTransaction } from '../../src/matrix/transactions.ts';
import * as arrivals from '../../src/store/arrivals.ts';
import * as cursors from '../../src/store/cursors.ts';
import { tables } from '../../src/store/tables.ts';
import { reserveRoom, saveRoomId } from '../../src/store/rooms.ts';
import type { MatrixUserId, RoomAlias } from '../../src/domain/ids.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { clockAt, SETTINGS } from '../builders/bridge.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, eventId, message, roomId, userId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const ROOM = roomId('!room:h');
const OTHER = roomId('!other:h');
const FOREIGN = roomId('!foreign:h');
const never = new AbortController().signal;

beforeEach(async () => {
  for (const [reference, id] of [
    ['CommunicationRequest/1', ROOM],
    ['CommunicationRequest/2', OTHER],
  ] as const) {
    await reserveRoom(pool(), ref(reference), '#a:h' as RoomAlias);
    await saveRoomId(pool(), ref(reference), id);
  }
});

/** A homeserver whose tokens are numbers of events in its one stream; timelines show the last `limit` of each room. */
function createHomeserverModel(limit = 100, pageSize = 100) {
  const stream: MatrixEvent[] = [];
  const toDevice: Record<string, unknown>[] = [];
  /** Rooms to which the bot is invited, and by which position it was. */
  const invited = new Map<string, number>();
  const inRoom = (id: string, from: number, to: number): MatrixEvent[] =>
    stream.slice(from, to).filter((event) => event.room_id === id);
  const positionOf = (event: MatrixEvent | undefined): number =>
    event === undefined ? 0 : stream.indexOf(event);
  return {
    stream,
    toDevice,
    /** Invites the bot; another event moves the position, as the invitation itself does. */
    invite(id: string) {
      stream.push(message({ event_id: eventId(`$invite-${id}`), room_id: roomId('!elsewhere:h') }));
      invited.set(id, stream.length);
    },
    pagesRead: 0,
    say(...names: readonly string[]): MatrixEvent[] {
      const said = names.map((name) => message({ event_id: eventId(`$${name}`), room_id: ROOM }));
      stream.push(...said);
      return said;
    },
    sayIn(id: string, ...names: readonly string[]): MatrixEvent[] {
      const said = names.map((name) => message({ event_id: eventId(`$${name}`), room_id: id }));
      stream.push(...said);
      return said;
    },
    sync(_as: string, since: string | undefined) {
      const from = Number(since ?? 0);
      const join = Object.fromEntries(
        [ROOM, OTHER].flatMap((id) => {
          const all = inRoom(id, from, stream.length);
          const shown = all.slice(-limit);
          if (shown.length === 0) return [];
          const timeline = {
            ...{ events: shown.map((event) => ({ ...event, room_id: undefined })), setAside: [] },
            limited: shown.length < all.length,
            prev_batch: String(positionOf(shown[0])),
          };
          return [[id, { timeline }]];
        }),
      );
      return Promise.resolve({
        next_batch: String(stream.length),
        to_device: { events: toDevice.splice(0) }, // the homeserver forgets what it has shown
        rooms: {
          join,
          invite: Object.fromEntries(
            [...invited]
              .filter(([, at]) => at > from)
              .map(([id]) => [
                id,
                { invite_state: { events: [stripped(BOT), stripped(userId('@other:h'))] } },
              ]),
          ),
        },
      });
    },
    messagesBefore(
      _as: string,
      id: string,
      { from, to }: { from?: string | undefined; to?: string | undefined },
    ) {
      this.pagesRead += 1;
      const all = inRoom(id, Number(to ?? 0), Number(from));
      const page = all.slice(-pageSize);
      const end = page.length < all.length ? String(positionOf(page[0])) : undefined;
      return Promise.resolve({ events: page.toReversed(), setAside: [], end });
    },
  };
}

const stripped = (invitedUser: MatrixUserId) => ({
  ...{ type: 'm.room.member', state_key: invitedUser, sender: userId('@noor:h') },
  content: { membership: 'invite' },
});

type Transact = <T>(work: (tx: ClientBase) => Promise<T>) => Promise<T>;

function createBridge(homeserver: ReturnType<typeof createHomeserverModel>, transact?: Transact) {
  const intake = createIntake({
    transact: transact ?? ((work) => inTransaction(pool(), work)),
    ...{ enqueue, knownSourceIds, thread, wakeMatrixReader: () => Promise.resolve() },
    store: tables,
    ...{ settings: SETTINGS, clock: clockAt('2026-11-21T12:00:00Z') },
  });
  return {
    push: async (body: object): Promise<void> => {
      const parts = readTransaction(body, 'txn');
      if (parts === undefined) throw new TypeError('Expected a transaction');
      await intake.pushed(parts);
    },
    pass: (): Promise<number> =>
      syncOnce(
        {
          homeserver,
          bot: BOT,
          readPosition: () => cursors.readCursor(pool(), MATRIX_READER),
          lastArrival: () => arrivals.lastArrival(pool()),
          store: intake.synced,
        },
        never,
      ),
  };
}

const inLane = (id: string = ROOM): Promise<readonly string[]> => itemsIn(pool(), `to-fhir:${id}`);
const position = (): Promise<string | undefined> => cursors.readCursor(pool(), MATRIX_READER);
const waiting = (): Promise<number> => arrivals.countArrivals(pool());
const age = async (seconds: number): Promise<void> => {
  await pool().query('update matrix_arrival set arrived_at = arrived_at - make_interval(secs => $1)', [
    seconds,
  ]);
};

/** A bridge that has made its first pass. */
async function started(limit?: number, pageSize?: number) {
  const homeserver = createHomeserverModel(limit, pageSize);
  homeserver.say('before');
  const bridge = createBridge(homeserver);
  await bridge.pass();
  return { homeserver, ...bridge };
}

test('the very first pass only takes the position: earlier messages are not recorded', async () => {
  const { homeserver, pass } = await started();
  expect([await inLane(), await position()]).toEqual([[], '1']);
  homeserver.say('after');
  expect(await pass()).toBe(1);
  expect([await inLane(), await position()]).toEqual([['$after'], '2']);
});

test('the order of /sync wins over the order of push', async () => {
  const { homeserver, push, pass } = await started();
  const [a, b, c] = homeserver.say('a', 'b', 'c');
  await push({ events: [c] });
  await push({ events: [b, a] });
  expect(await inLane()).toEqual([]);
  expect(await pass()).toBe(3);
  expect([await inLane(), await waiting()]).toEqual([['$a', '$b', '$c'], 0]);
});

describe('nothing is stored twice', () => {
  test.each([
    ['pushed, then synced', ['push', 'pass', 'pass']],
    ['synced, then pushed late', ['pass', 'push', 'pass', 'age', 'pass']],
    ['pushed twice', ['push', 'push', 'pass', 'push', 'age', 'pass']],
  ])('%s', async (_, steps) => {
    const { homeserver, push, pass } = await started();
    const events = homeserver.say('a', 'b');
    for (const step of steps) {
      if (step === 'push') await push({ events: [...events, ...events] });
      else if (step === 'pass') await pass();
      else await age(11);
    }
    expect([await inLane(), await waiting()]).toEqual([['$a', '$b'], 0]);
  });

  test('a to-device message, pushed and synced', async () => {
    const { homeserver, push, pass } = await started();
    const said = { type: 'm.room.encrypted', sender: '@a:h', content: { ciphertext: 'x' } };
    await push({ to_device: [{ ...said, to_user_id: BOT, to_device_id: 'BRIDGE' }] });
    homeserver.toDevice.push(said);
    expect(await pass()).toBe(0);
    expect(await itemsIn(pool(), `to-device:${BOT}`)).toHaveLength(1);
  });
});

describe('an invitation of the bot', () => {
  const payloads = async (): Promise<readonly unknown[]> =>
    (
      await pool().query<{ payload: unknown }>(`select payload from item where source = 'matrix.invitation'`)
    ).rows.map(({ payload }) => payload);
  test('that push lost comes by /sync, once, in the lane of its room', async () => {
    const { homeserver, pass } = await started();
    homeserver.invite(FOREIGN);
    expect([await pass(), await pass()]).toEqual([1, 0]);
    const item = { kind: 'matrix.invitation', roomId: FOREIGN, userId: BOT, sender: '@noor:h' };
    expect(await payloads()).toEqual([item]);
    expect(await inLane(FOREIGN)).toEqual([`${FOREIGN} ${BOT} 2`]);
  });

  test('comes again with the next invitation to the room', async () => {
    const { homeserver, pass } = await started();
    for (const round of [1, 2]) {
      homeserver.invite(FOREIGN);
      await pass();
      expect(await payloads()).toHaveLength(round);
    }
  });

  test('from before the bridge was there is ignored', async () => {
    const homeserver = createHomeserverModel();
    homeserver.invite(FOREIGN);
    await createBridge(homeserver).pass();
    expect(await payloads()).toEqual([]);
  });
});

describe('a limited timeline is paged back to where the last pass ended', () => {
  test.each([
    [5, 100, 1],
    [5, 7, 4],
    [1, 1, 29],
  ])('%d shown, pages of %d', async (limit, pageSize, pages) => {
    const { homeserver, pass } = await started(limit, pageSize);
    const names = Array.from({ length: 30 }, (_, index) => `e${index}`);
    for (const name of names) {
      homeserver.say(name);
      homeserver.sayIn(OTHER, `other-${name}`);
    }
    expect(await pass()).toBe(60);
    expect(await inLane()).toEqual(names.map((name) => `$${name}`));
    expect(await inLane(OTHER)).toEqual(names.map((name) => `$other-${name}`));
    expect(homeserver.pagesRead).toBe(pages * 2);
  });
});

describe('events that only push shows', () => {
  test('of rooms that the bot is not in are stored in their order', async () => {
    const { homeserver, push, pass } = await started();
    const [a, b, c] = homeserver.sayIn(FOREIGN, 'a', 'b', 'c');
    await push({ events: [b] });
    await push({ events: [a, c] });
    expect(await pass()).toBe(3);
    expect([await inLane(FOREIGN), await waiting()]).toEqual([['$b', '$a', '$c'], 0]);
  });

  test('of rooms that the bot is in wait for /sync, but not for ever', async () => {
    const { push, pass } = await started();
    await push({ events: [message({ event_id: '$unseen', room_id: ROOM })] });
    expect(await pass()).toBe(0);
    expect([await inLane(), await waiting()]).toEqual([[], 1]);
    await age(11);
    expect(await pass()).toBe(1);
    expect([await inLane(), await waiting()]).toEqual([['$unseen'], 0]);
  });

  test('during a pass are left to the next one', async () => {
    const { homeserver, push, pass } = await started();
    const sync = homeserver.sync.bind(homeserver);
    homeserver.sync = async (...args) => {
      const answer = await sync(...args);
      await push({ events: homeserver.sayIn(FOREIGN, 'late') });
      homeserver.sync = sync;
      return answer;
    };
    expect([await pass(), await waiting()]).toEqual([0, 1]);
    expect([await pass(), await waiting()]).toEqual([1, 0]);
  });
});

test('the position moves only together with the items: if any statement fails, the whole pass is read again', async () => {
  const { homeserver, push } = await started();
  const known = homeserver.say('a', 'b');
  await push({ events: [...known.toReversed(), ...homeserver.sayIn(FOREIGN, 'f')] });
  const before = [await position(), await waiting()];
  let statements = 0;
  let tried = 0;
  let passed = false;
  for (let failing = 1; !passed; failing += 1) {
    statements = 0;
    const { pass } = createBridge(homeserver, (work) =>
      inTransaction(pool(), (tx) => {
        const query = async (statement: string, values: unknown[]): Promise<unknown> => {
          if ((statements += 1) !== failing) return tx.query(statement, values);
          tried = failing;
          throw new Error('the process died here');
        };
        return work({ query } as unknown as ClientBase);
      }),
    );
    passed = await pass().then(
      () => true,
      () => false,
    );
    if (!passed) {
      // Either nothing of the answer is stored, or all of it and the position with it.
      const stored = (await position()) !== before[0];
      expect([await position(), await waiting()]).toEqual(stored ? ['4', 0] : before);
      expect([await inLane(), await inLane(FOREIGN)]).toEqual(stored ? [['$a', '$b'], ['$f']] : [[], []]);
    }
  }
  expect(tried).toBeGreaterThanOrEqual(4);
  expect([await inLane(), await inLane(FOREIGN)]).toEqual([['$a', '$b'], ['$f']]);
  expect([await position(), await waiting()]).toEqual(['4', 0]);
});
