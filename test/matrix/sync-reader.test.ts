// One pass over /sync where a part of the answer cannot be used: the rest is stored, and the position moves.
import { describe, expect, test } from 'vitest';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import { MatrixRefusal } from '../../src/matrix/client.ts';
import { syncOnce, type SyncResult } from '../../src/matrix/sync-reader.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { BOT, eventId, message, roomId } from '../builders/matrix.ts';

const ROOM = roomId('!room:h');
const OTHER = roomId('!other:h');
const said = (name: string, room = ROOM): MatrixEvent => message({ event_id: `$${name}`, room_id: room });

/** A pass over two rooms whose timelines are limited, where each page before them is read by `read`. */
async function passOver(read: (room: string) => Promise<MatrixEvent>) {
  const stored: SyncResult[] = [];
  const limited = { limited: true, prev_batch: 'p', setAside: [] };
  await syncOnce(
    {
      bot: BOT,
      receipts: true,
      readPosition: () => Promise.resolve(stored.at(-1)?.position ?? 's1'),
      lastArrival: () => Promise.resolve('0'),
      homeserver: {
        sync: () =>
          Promise.resolve({
            next_batch: 's2',
            rooms: {
              join: {
                [ROOM]: { timeline: { ...limited, events: [{ ...said('b') }] } },
                [OTHER]: {
                  timeline: {
                    ...limited,
                    events: [{ ...said('d', OTHER) }],
                    setAside: [
                      { eventId: eventId('$deep'), reason: 'too-deep' },
                      { eventId: undefined, reason: 'malformed' },
                    ],
                  },
                },
              },
            },
          }),
        messagesBefore: async (_as, room) => ({
          ...{ events: [await read(room)], setAside: [], end: undefined },
        }),
      },
      store: (result) => {
        stored.push(result);
        return Promise.resolve(0);
      },
    },
    new AbortController().signal,
  );
  const [first] = stored;
  return { events: first?.events.map(({ event_id: id }) => id), setAside: first?.setAside };
}

const ODD = [
  { id: '$deep', reason: 'too-deep' },
  { id: `s2 ${OTHER} 1`, reason: 'malformed' },
];

test('what cannot be stored is set aside by its id, or by where it stood', async () => {
  const found = await passOver((room) => Promise.resolve(room === ROOM ? said('a') : said('c', OTHER)));
  expect(found).toEqual({ events: ['$a', '$b', '$c', '$d'], setAside: ODD });
});

describe('a room whose events before its timeline', () => {
  const passWith = (error: Error) =>
    passOver((room) => (room === ROOM ? Promise.reject(error) : Promise.resolve(said('c', OTHER))));

  test.each([403, 404])(
    'are answered with %i keeps no other room waiting, and is set aside',
    async (status) => {
      const found = await passWith(new MatrixRefusal('read messages', status, 'M_FORBIDDEN', undefined));
      expect(found).toEqual({
        events: ['$b', '$c', '$d'],
        setAside: [{ id: `${ROOM} s1 p`, reason: 'room-not-shown' }, ...ODD],
      });
    },
  );

  test('cannot be read at the moment are read by the next pass, and nothing is stored before', async () => {
    await expect(passWith(new BridgeError('matrix-unavailable', 'read messages: 502'))).rejects.toThrow(
      '502',
    );
  });
});
