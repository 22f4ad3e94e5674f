// One pass over /sync: what is asked, and that the position moves last.
import { describe, expect, test } from 'vitest';
import { readOn, type RoomBehind } from '../../src/matrix/room-reader.ts';
import { MatrixRefusal } from '../../src/matrix/client.ts';
import { syncOnce, type SyncedPart } from '../../src/matrix/sync-reader.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { BOT, message, roomId } from '../builders/matrix.ts';

const ROOM = roomId('!room:h');
const never = new AbortController().signal;
const nothing = { position: 's2', receipts: [], invitations: [] };

interface Scene {
  readonly ageMs?: number;
  /** Rooms in which 200 messages each are shown. */
  readonly rooms?: number;
  readonly syncFailsWith?: BridgeError;
  readonly store?: (part: SyncedPart, index: number) => void;
}

/** A pass from the position `s1`, or from none. */
async function passFrom(token: string | undefined, scene: Scene = {}) {
  const { ageMs = 0, rooms = 0, syncFailsWith, store = () => undefined } = scene;
  const asked: string[] = [];
  const stored: SyncedPart[] = [];
  const shown = Array.from({ length: rooms }, (_, index) => {
    const id = roomId(`!${index}:h`);
    const events = Array.from({ length: 200 }, (_each, at) =>
      message({ event_id: `$${index} ${at}`, room_id: id }),
    );
    return { roomId: id, events, setAside: [] };
  });
  const end = await syncOnce(
    {
      ...{ bot: BOT, receipts: true, lastArrival: () => Promise.resolve('7'), again: () => undefined },
      readPosition: () => {
        const moved = stored.findLast(({ arrivalsUpTo }) => arrivalsUpTo !== undefined);
        const at = moved?.position ?? token;
        return Promise.resolve(
          at === undefined ? undefined : { token: at, ageMs: moved === undefined ? ageMs : 0 },
        );
      },
      homeserver: {
        sync: (_, { since = 'none' }) => {
          asked.push(`what was said since ${since}`);
          if (syncFailsWith !== undefined && since === 's1') return Promise.reject(syncFailsWith);
          return Promise.resolve({ ...nothing, rooms: since === 's1' ? shown : [], behind: [] });
        },
        changedRooms: (_, { since = 'none' }) => {
          asked.push(`where since ${since}`);
          return Promise.resolve({ ...nothing, behind: [ROOM] });
        },
      },
      store: (part) => {
        store(part, stored.length);
        stored.push(part);
        return Promise.resolve(0);
      },
    },
    never,
  ).catch((error: unknown) => error);
  return { asked, stored, end };
}

test('where something new is always said, a pass ends all the same, and another is asked for', async () => {
  let asked = 0;
  let again = 0;
  await syncOnce(
    {
      ...{ bot: BOT, receipts: true, lastArrival: () => Promise.resolve('7') },
      readPosition: () => Promise.resolve({ token: `s${asked}`, ageMs: 0 }),
      homeserver: {
        sync: () => {
          asked += 1;
          const events = [message({ event_id: `$${asked}`, room_id: ROOM })];
          if (asked > 1_000) throw new TypeError('The pass goes on without end');
          const said = { roomId: ROOM, events, setAside: [] };
          return Promise.resolve({ ...nothing, position: `s${asked}`, rooms: [said], behind: [] });
        },
        changedRooms: () => Promise.reject(new TypeError('Not asked')),
      },
      store: () => Promise.resolve(1),
      again: () => {
        again += 1;
      },
    },
    never,
  );
  expect(again).toBe(1);
});

describe('the homeserver is asked', () => {
  const away = new BridgeError('matrix-unavailable', 'sync: 502');
  const tooLarge = new BridgeError('matrix-answer', 'sync: the answer is too large');

  test.each<[string, string | undefined, Scene, readonly string[]]>([
    [
      'what was said, until nothing more was',
      's1',
      { rooms: 1 },
      ['what was said since s1', 'what was said since s2'],
    ],
    ['once where nothing was said', 's2', {}, ['what was said since s2']],
    [
      'where something was said after a long time away',
      's1',
      { ageMs: 601_000 },
      ['where since s1', 'what was said since s2'],
    ],
    [
      'what was said after a short one, again as the position moved: the answer may have been an old one',
      's1',
      { ageMs: 599_000 },
      ['what was said since s1', 'what was said since s2'],
    ],
    [
      'where something was said if what was said is too large',
      's1',
      { syncFailsWith: tooLarge },
      ['what was said since s1', 'where since s1', 'what was said since s2'],
    ],
    ['once where it is away', 's1', { syncFailsWith: away }, ['what was said since s1']],
    ['only for its position the first time', undefined, {}, ['where since none']],
  ])('%s', async (_, token, scene, expected) => {
    expect((await passFrom(token, scene)).asked).toEqual(expected);
  });
});

test('the first time nothing is taken in', async () => {
  const { stored } = await passFrom(undefined);
  expect(stored).toEqual([
    { rooms: [], behind: [], invitations: [], receipts: [], since: 's2', position: 's2', arrivalsUpTo: '7' },
  ]);
});

describe('an answer of 2,000 messages', () => {
  test('is stored in parts of at most 500, and the position moves with the last', async () => {
    const { stored } = await passFrom('s1', { rooms: 10 });
    const first = stored.slice(0, 5);
    expect(first.map(({ rooms, arrivalsUpTo: upTo }) => [rooms.length, upTo])).toEqual([
      ...[2, 2, 2, 2].map((rooms) => [rooms, undefined]),
      [2, '7'],
    ]);
  });

  test('of which one part cannot be stored moves no position', async () => {
    const { stored, end } = await passFrom('s1', {
      rooms: 10,
      store: (_, index) => {
        if (index === 3) throw new Error('the database is away');
      },
    });
    expect(end).toMatchObject({ message: 'the database is away' });
    expect(stored.every(({ arrivalsUpTo }) => arrivalsUpTo === undefined)).toBe(true);
  });
});

describe('a room that is behind', () => {
  const read = (messagesAfter: () => Promise<never>) => {
    const store = (): Promise<RoomBehind> => Promise.reject(new Error('nothing was to be stored'));
    return readOn(
      { homeserver: { messagesAfter }, bot: BOT, store },
      { roomId: ROOM, position: 's1' },
      never,
    );
  };

  test.each([403, 404])('and is answered with %i is not shown any more', async (status) => {
    const refusal = new MatrixRefusal('read messages', status, 'M_FORBIDDEN', undefined);
    expect(await read(() => Promise.reject(refusal))).toBe('not-shown');
  });

  test.each([
    new BridgeError('matrix-unavailable', 'read messages: 502'),
    new MatrixRefusal('read messages', 400, 'M_UNKNOWN', undefined),
    new MatrixRefusal('read messages', 429, 'M_LIMIT_EXCEEDED', 1_000),
  ])('and cannot be read at the moment is tried again: %s', async (error) => {
    await expect(read(() => Promise.reject(error))).rejects.toBe(error);
  });
});
