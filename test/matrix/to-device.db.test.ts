// To-device messages, which anyone on any server may send to a ghost: whatever is in them, they stop nothing and leave nothing behind.
import { expect, test } from 'vitest';
import { createIntake } from '../../src/flows/intake.ts';
import { MATRIX_READER } from '../../src/flows/reader-names.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { findBusyLanes, knownSourceIds } from '../../src/inbox/known-items.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { createAppserviceRouter } from '../../src/matrix/appservice.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { NO_ORDER } from '../../src/matrix/push-order.ts';
import { syncOnce } from '../../src/matrix/sync-reader.ts';
import { lastArrival } from '../../src/store/arrivals.ts';
import { readCursor, saveCursor } from '../../src/store/cursors.ts';
import { clockAt, SETTINGS } from '../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { serveRouters, serveScript } from '../builders/http.ts';
import { inviteGhost } from '../builders/invited-ghost.ts';
import { recordingLog } from '../builders/log.ts';
import { BOT, message, roomId } from '../builders/matrix.ts';
import { enqueue, tables } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
const ROOM = roomId('!room:example.org');

/** As many as a homeserver puts into one answer, each of the largest size; some as deep as a recent Python lets through. */
const HOSTILE = Array.from({ length: 100 }, (_, index) => ({
  ...{ type: 'm.room.encrypted', sender: '@stranger:elsewhere.example' },
  ...{ to_user_id: '@_fhir_1:example.org', to_device_id: 'BRIDGE' },
  content: index % 10 === 0 ? nested(2_500) : { ciphertext: `${index}${'x'.repeat(64 * 1024 - 300)}` },
}));

function nested(levels: number): object {
  return JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
}

const createWorld = () =>
  createIntake({
    db: pool(),
    transact: (work) => inTransaction(pool(), work),
    ...{ enqueue, knownSourceIds, findBusyLanes, thread, wakeMatrixReader: () => Promise.resolve() },
    ...{ store: tables, settings: SETTINGS, clock: clockAt('2026-11-29T12:00:00Z') },
  });

const stored = async (): Promise<number> => (await pool().query('select from item')).rows.length;

test('in an answer of /sync: the events beside them are taken in, and the reader goes on', async () => {
  const event = { ...message({ room_id: ROOM }), room_id: undefined };
  const { url } = await serveScript(({ url: { searchParams } }) => ({
    body:
      searchParams.get('since') === 's1'
        ? {
            ...{ next_batch: 's2', to_device: { events: HOSTILE } },
            rooms: { join: { [ROOM]: { timeline: { events: [event] } } } },
          }
        : { next_batch: 's2', to_device: { events: [] } },
  }));
  await saveCursor(pool(), MATRIX_READER, 's1');
  const homeserver = createHomeserver(
    createMatrixClient({
      ...{ homeserverUrl: url, asToken: 'token', maxConcurrentRequests: 8, requestTimeoutMs: 5_000 },
      observe: () => () => undefined,
    }),
  );
  await syncOnce(
    {
      ...{ homeserver, bot: BOT, receipts: true, again: () => undefined },
      readPosition: async () => ({ token: (await readCursor(pool(), MATRIX_READER)) ?? '', ageMs: 0 }),
      lastArrival: () => lastArrival(pool()),
      store: createWorld().synced,
    },
    new AbortController().signal,
  );
  expect(await readCursor(pool(), MATRIX_READER)).toBe('s2');
  expect(await itemsIn(pool(), `to-fhir:${ROOM}`)).toEqual([event.event_id]);
  expect(await stored()).toBe(1);
});

test('in a pushed transaction: it is stored without them, and answered as good', async () => {
  await inviteGhost(pool(), ROOM);
  const intake = createWorld();
  const url = await serveRouters(
    createAppserviceRouter({
      ...{ checkBearer: () => 'right', store: intake.pushed, count: () => undefined, log: recordingLog() },
      readOrder: () => NO_ORDER,
      isRegistered: () => Promise.resolve(true),
      provideAlias: () => Promise.resolve(false),
    }),
  );
  const event = message({ room_id: ROOM });
  const { status } = await fetch(`${url}/_matrix/app/v1/transactions/1`, {
    method: 'PUT',
    body: JSON.stringify({ events: [event], to_device: HOSTILE }),
  });
  expect(status).toBe(200);
  const { rows } = await pool().query<{ event_id: string }>('select event_id from matrix_arrival');
  expect(rows).toEqual([{ event_id: event.event_id }]);
  expect(await stored()).toBe(0);
});
