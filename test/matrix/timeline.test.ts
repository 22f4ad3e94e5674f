// What goes over the wire for /sync and /messages, and what is read from it.
import { expect, test } from 'vitest';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { serveScript } from '../builders/http.ts';
import { BOT, message, roomId } from '../builders/matrix.ts';

const ROOM = roomId('!room:h');

const homeserverAt = (url: string) =>
  createHomeserver(
    createMatrixClient({
      homeserverUrl: url,
      asToken: 'token',
      maxConcurrentRequests: 8,
      requestTimeoutMs: 5000,
      observe: () => () => undefined,
    }),
  );
const good = { ...message({ event_id: '$good' }), room_id: undefined };
const bad = { ...good, event_id: '$bad', origin_server_ts: null };
const levels = JSON.parse(`${'['.repeat(2_500)}${']'.repeat(2_500)}`) as unknown;
const deep = { ...good, event_id: '$deep', content: { levels } };

test('a malformed event, or one of too many levels, is told of by its id and does not stop the others', async () => {
  const { url } = await serveScript(({ url: { pathname } }) => ({
    body: pathname.endsWith('/sync')
      ? { next_batch: 's2', rooms: { join: { [ROOM]: { timeline: { events: [bad, good, deep] } } } } }
      : {
          chunk: [
            { ...bad, room_id: ROOM },
            { ...good, room_id: ROOM },
            { ...deep, room_id: ROOM },
          ],
          end: 'e',
        },
  }));
  const homeserver = homeserverAt(url);
  const synced = await homeserver.sync(BOT, { since: 's1', receipts: true });
  const setAside = [
    { eventId: '$bad', reason: 'malformed' },
    { eventId: '$deep', reason: 'too-deep' },
  ];
  const [room] = synced.rooms;
  const told = setAside.map(({ eventId: id, reason }) => ({ id, reason }));
  expect([room?.events.map((event) => event.event_id), room?.setAside]).toEqual([['$good'], told]);
  const page = await homeserver.messagesBefore(BOT, ROOM, { from: 's1' });
  expect([page.events.map((event) => event.event_id), page.setAside]).toEqual([['$good'], setAside]);
});

test.each([
  ['timelines and receipts', true, { types: ['m.receipt'] }],
  ['timelines', false, { not_types: ['*'] }],
])('/sync asks from the position, without waiting, only for %s', async (_, receipts, ephemeral) => {
  const { url, seen } = await serveScript(() => ({ body: { next_batch: 's2' } }));
  await homeserverAt(url).sync(BOT, { since: 's1', receipts });
  const query = Object.fromEntries(seen[0]?.url.searchParams ?? []);
  expect(query).toMatchObject({
    since: 's1',
    timeout: '0',
    set_presence: 'offline',
    user_id: BOT,
    device_id: 'BRIDGE',
  });
  expect(JSON.parse(query['filter'] ?? '')).toMatchObject({
    presence: { not_types: ['*'] },
    room: { state: { not_types: ['*'] }, ephemeral },
  });
});

test('where something was said is asked without what was said, so that the answer grows with the rooms alone', async () => {
  const rooms = {
    ...{ '!a:h': { timeline: { events: [{ event_id: '$1' }] } } },
    ...{ '!b:h': { timeline: { events: [], limited: true } } },
    ...{ '!quiet:h': { timeline: { events: [] } }, '!read:h': { ephemeral: { events: [] } } },
  };
  const { url, seen } = await serveScript(() => ({ body: { next_batch: 's2', rooms: { join: rooms } } }));
  const answer = await homeserverAt(url).changedRooms(BOT, { since: 's1', receipts: false });
  expect(answer).toEqual({ position: 's2', behind: ['!a:h', '!b:h'], receipts: [], invitations: [] });
  expect(JSON.parse(seen[0]?.url.searchParams.get('filter') ?? '')).toMatchObject({
    event_fields: ['event_id'],
    room: { timeline: { limit: 1 } },
  });
});

test('a room is read on from a token, oldest first', async () => {
  const { url, seen } = await serveScript(() => ({
    body: { chunk: [message({ room_id: ROOM })], end: 'e' },
  }));
  const page = await homeserverAt(url).messagesAfter(BOT, ROOM, 's1');
  expect([page.events.length, page.end]).toEqual([1, 'e']);
  expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toMatchObject({
    dir: 'f',
    from: 's1',
    limit: '100',
  });
});
