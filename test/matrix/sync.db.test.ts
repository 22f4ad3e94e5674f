// Push and /sync together, on a real database: the order of /sync wins, nothing is lost, nothing comes twice.
import { beforeEach, describe, expect, test } from 'vitest';
import type { RoomAlias } from '../../src/domain/ids.ts';
import { MATRIX_READER } from '../../src/flows/reader-names.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import * as arrivals from '../../src/store/arrivals.ts';
import * as cursors from '../../src/store/cursors.ts';
import { countBehind } from '../../src/store/rooms-behind.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { inviteGhost } from '../builders/invited-ghost.ts';
import { BOT, message, roomId } from '../builders/matrix.ts';
import { ageCursor, createHomeserverModel, createReaders } from '../builders/sync-world.ts';
import { withQuery } from '../builders/watched-client.ts';
import { tables } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
const ROOM = roomId('!room:h');
const OTHER = roomId('!other:h');
const FOREIGN = roomId('!foreign:h');

beforeEach(async () => {
  for (const [reference, id] of [
    ['CommunicationRequest/1', ROOM],
    ['CommunicationRequest/2', OTHER],
  ] as const) {
    await tables.rooms.reserveRoom(pool(), ref(reference), '#a:h' as RoomAlias);
    await tables.rooms.saveRoomId(pool(), ref(reference), id);
  }
  await inviteGhost(pool(), FOREIGN);
});

const inLane = (id: string = ROOM): Promise<readonly string[]> => itemsIn(pool(), `to-fhir:${id}`);
const position = (): Promise<string | undefined> => cursors.readCursor(pool(), MATRIX_READER);
const waiting = (): Promise<number> => arrivals.countArrivals(pool());
const age = async (seconds: number): Promise<void> => {
  await pool().query('update matrix_arrival set arrived_at = arrived_at - make_interval(secs => $1)', [
    seconds,
  ]);
};

/** A bridge that has made its first pass, and a homeserver where the bot is in two rooms. */
async function started(sizes: { limit?: number; pageSize?: number } = {}) {
  const model = createHomeserverModel(new Set([ROOM, OTHER]), sizes);
  const say = (...names: readonly string[]) => model.sayIn(ROOM, ...names);
  say('before');
  const readers = createReaders(pool(), model.homeserver);
  await readers.pass();
  return { ...model, say, ...readers };
}

test('the very first pass only takes the position: earlier messages are not recorded', async () => {
  const { say, pass } = await started();
  expect([await inLane(), await position()]).toEqual([[], '1']);
  say('after');
  expect(await pass()).toBe(1);
  expect([await inLane(), await position()]).toEqual([['$after'], '2']);
});

test('the order of /sync wins over the order of push', async () => {
  const { say, push, pass } = await started();
  const [a, b, c] = say('a', 'b', 'c');
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
    const { say, push, pass } = await started();
    const events = say('a', 'b');
    for (const step of steps) {
      if (step === 'push') await push({ events: [...events, ...events] });
      else if (step === 'pass') await pass();
      else await age(11);
    }
    expect([await inLane(), await waiting()]).toEqual([['$a', '$b'], 0]);
  });
});

describe('an invitation of the bot', () => {
  const payloads = async (): Promise<readonly unknown[]> =>
    (
      await pool().query<{ payload: unknown }>(`select payload from item where source = 'matrix.invitation'`)
    ).rows.map(({ payload }) => payload);
  test('that push lost comes by /sync, once, in the lane of its room', async () => {
    const { invite, pass } = await started();
    invite(FOREIGN);
    expect([await pass(), await pass()]).toEqual([1, 0]);
    const item = { kind: 'matrix.invitation', roomId: FOREIGN, userId: BOT, sender: '@noor:h' };
    expect(await payloads()).toEqual([item]);
    expect(await inLane(FOREIGN)).toEqual([`${FOREIGN} ${BOT} 2`]);
  });

  test('comes again with the next invitation to the room', async () => {
    const { invite, pass } = await started();
    for (const round of [1, 2]) {
      invite(FOREIGN);
      await pass();
      expect(await payloads()).toHaveLength(round);
    }
  });

  test('from before the bridge was there is ignored', async () => {
    const { homeserver, invite } = createHomeserverModel(new Set([ROOM]));
    invite(FOREIGN);
    await createReaders(pool(), homeserver).pass();
    expect(await payloads()).toEqual([]);
  });
});

describe('a room of which more was said than an answer shows is read on by itself, from where the last pass ended', () => {
  const names = Array.from({ length: 30 }, (_, index) => `e${index}`);

  test.each([
    [5, 100, 2],
    [5, 7, 6],
    [1, 1, 31],
  ])('%d shown, pages of %d', async (limit, pageSize, pages) => {
    const { say, sayIn, count, pass, readOn } = await started({ limit, pageSize });
    for (const name of names) {
      say(name);
      sayIn(OTHER, `other-${name}`);
    }
    expect(await pass()).toBe(0);
    expect(await readOn()).toBe(2);
    expect(await inLane()).toEqual(names.map((name) => `$${name}`));
    expect(await inLane(OTHER)).toEqual(names.map((name) => `$other-${name}`));
    expect([count.pages, await countBehind(pool())]).toEqual([pages * 2, 0]);
  });

  test('what is said meanwhile waits its turn', async () => {
    const { say, pass, readOn } = await started({ limit: 5, pageSize: 7 });
    say(...names);
    await pass();
    say('new');
    await pass();
    expect(await inLane()).toEqual([]);
    await readOn();
    expect(await inLane()).toEqual([...names, 'new'].map((name) => `$${name}`));
    say('newer');
    await pass();
    expect(await inLane()).toEqual([...names, 'new', 'newer'].map((name) => `$${name}`));
  });

  test('what /sync shows while the last page is on its way is not lost', async () => {
    const { say, homeserver, pass, readOn } = await started({ limit: 5 });
    say(...names);
    await pass();
    const { messagesAfter } = homeserver;
    let asked = 0;
    homeserver.messagesAfter = async (...args) => {
      const page = await messagesAfter(...args);
      asked += 1;
      // The page that says that there is no more: here there is more a moment later.
      if (asked === 2) {
        say('late');
        await pass();
      }
      return page;
    };
    await readOn();
    expect(await inLane()).toEqual([...names, 'late'].map((name) => `$${name}`));
    expect(await countBehind(pool())).toBe(0);
  });

  test('what was pushed of it stays where it is until then, however long that takes', async () => {
    const { say, push, pass, readOn } = await started({ limit: 5 });
    const said = say(...names);
    await push({ events: said.slice(20) });
    await pass();
    await age(3_600);
    await pass();
    expect([await inLane(), await waiting()]).toEqual([[], 10]);
    await readOn();
    expect([await inLane(), await waiting()]).toEqual([names.map((name) => `$${name}`), 0]);
  });
});

describe('after a long time away', () => {
  test('the homeserver is asked where something was said, and each room is read on by itself', async () => {
    const { say, sayIn, count, pass, readOn } = await started();
    say('a', 'b');
    sayIn(OTHER, 'c');
    await ageCursor(pool(), 11);
    const before = { ...count };
    expect(await pass()).toBe(0);
    // The second question, whether there is more, is an ordinary one again.
    expect([count.changedRooms - before.changedRooms, count.sync - before.sync]).toEqual([1, 1]);
    expect([await position(), await countBehind(pool())]).toEqual(['4', 2]);
    await readOn();
    expect([await inLane(), await inLane(OTHER)]).toEqual([['$a', '$b'], ['$c']]);
  });

  test('and after a short one it is asked what was said', async () => {
    const { say, count, pass } = await started();
    say('a');
    await ageCursor(pool(), 9);
    const before = { ...count };
    expect(await pass()).toBe(1);
    expect(count.changedRooms).toBe(before.changedRooms);
  });
});

describe('events that only push shows', () => {
  test('of rooms that the bot is not in are stored in their order', async () => {
    const { sayIn, push, pass } = await started();
    const [a, b, c] = sayIn(FOREIGN, 'a', 'b', 'c');
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
    const { homeserver, sayIn, push, pass } = await started();
    const { sync } = homeserver;
    homeserver.sync = async (...args) => {
      const answer = await sync(...args);
      await push({ events: sayIn(FOREIGN, 'late') });
      homeserver.sync = sync;
      return answer;
    };
    expect([await pass(), await waiting()]).toEqual([0, 1]);
    expect([await pass(), await waiting()]).toEqual([1, 0]);
  });
});

test('the position moves only together with the items: if any statement fails, the whole pass is read again', async () => {
  const { homeserver, say, sayIn, push } = await started();
  const known = say('a', 'b');
  await push({ events: [...known.toReversed(), ...sayIn(FOREIGN, 'f')] });
  const before = [await position(), await waiting()];
  let statements = 0;
  let tried = 0;
  let passed = false;
  for (let failing = 1; !passed; failing += 1) {
    statements = 0;
    const { pass } = createReaders(pool(), homeserver, (work) =>
      inTransaction(pool(), (tx) => {
        const query = async (statement: string, values: unknown[] = []): Promise<unknown> => {
          if ((statements += 1) !== failing) return tx.query(statement, values);
          tried = failing;
          throw new Error('the process died here');
        };
        return work(withQuery(tx, query));
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
