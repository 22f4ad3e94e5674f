// An answer of /sync in parts: nothing is lost or doubled, no room is in two, and each part is of bounded size.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_PART, partsOf, rowsIn, type SyncPart } from '../../src/matrix/sync-parts.ts';
import type { ShownRoom } from '../../src/matrix/sync.ts';
import { eventId, message, roomId, userId } from '../builders/matrix.ts';

const room = (name: string, events: number, setAside = 0): ShownRoom => ({
  roomId: roomId(`!${name}:h`),
  events: Array.from({ length: events }, (_, index) => message({ event_id: `$${name}${index}` })),
  setAside: Array.from({ length: setAside }, (_, index) => ({ id: `${name} ${index}`, reason: 'malformed' })),
});
const behind = (count: number) => Array.from({ length: count }, (_, index) => roomId(`!behind${index}:h`));
const receipts = (count: number): SyncPart['receipts'] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ roomId: roomId('!r:h'), userId: userId(`@${index}:h`), eventId: eventId('$1'), readAt: new Date(1) },
  }));
const invitations = (count: number): SyncPart['invitations'] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ roomId: roomId(`!i${index}:h`), userId: userId('@bot:h'), sender: userId('@a:h'), content: {} },
  }));

describe('an answer of so many rows comes in so many parts', () => {
  test.each<[string, Partial<SyncPart>, readonly number[]]>([
    ['nothing: one part, with which the position moves', {}, [0]],
    ['what fits into one', { rooms: [room('a', 5)], receipts: receipts(5) }, [10]],
    ['two rooms that do not fit together', { rooms: [room('a', 6), room('b', 5)] }, [6, 5]],
    [
      'a room that is too large alone is not split',
      { rooms: [room('a', 2), room('b', 25), room('c', 2)] },
      [2, 25, 2],
    ],
    ['what is set aside counts', { rooms: [room('a', 3, 3), room('b', 3, 2)] }, [6, 5]],
    ['many rooms that are behind', { behind: behind(25) }, [10, 10, 5]],
    ['many receipts and invitations', { receipts: receipts(12), invitations: invitations(12) }, [10, 10, 4]],
  ])('%s', (_, answer, rows) => {
    expect(partsOf({ ...EMPTY_PART, ...answer }, 10).map(rowsIn)).toEqual(rows);
  });
});

test('whatever the answer, its parts together are the answer', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(15), { maxLength: 20 }),
      ...([fc.nat(30), fc.nat(30), fc.nat(30), fc.integer({ min: 1, max: 12 })] as const),
      (sizes, behindMany, receiptsMany, invitedMany, most) => {
        const answer: SyncPart = {
          ...{ rooms: sizes.map((size, index) => room(`r${index}`, size)), behind: behind(behindMany) },
          ...{ receipts: receipts(receiptsMany), invitations: invitations(invitedMany) },
        };
        const parts = partsOf(answer, most);
        for (const part of parts)
          expect(
            rowsIn(part) <= most || part.rooms.filter(({ events }) => events.length > 0).length === 1,
          ).toBe(true);
        expect({
          rooms: parts.flatMap(({ rooms }) => rooms),
          behind: parts.flatMap((part) => part.behind),
          invitations: parts.flatMap((part) => part.invitations),
          receipts: parts.flatMap((part) => part.receipts),
        }).toEqual(answer);
      },
    ),
  );
});
