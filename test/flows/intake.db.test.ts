// What comes in, on a real database: events whole, receipts behind what they refer to.
import { describe, expect, test } from 'vitest';
import { createIntake } from '../../src/flows/intake.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { enqueue } from '../../src/inbox/enqueue.ts';
import { knownSourceIds } from '../../src/inbox/known-items.ts';
import { matrixEventSchema } from '../../src/matrix/event-schema.ts';
import { readTransaction } from '../../src/matrix/transactions.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { tables } from '../../src/store/tables.ts';
import { SETTINGS } from '../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { eventId, message, roomId, userId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const ROOM = '!room:example.org';

const createScene = (settings = SETTINGS) => {
  const intake = createIntake({
    transact: (work) => inTransaction(pool(), work),
    ...{ enqueue, knownSourceIds, thread, wakeMatrixReader: () => Promise.resolve() },
    store: tables,
    settings,
  });
  return {
    ...intake,
    push: async (body: object) => {
      const parts = readTransaction(body, 'txn');
      if (parts === undefined) throw new TypeError('Expected a transaction');
      await intake.pushed(parts);
    },
  };
};

const synced = { events: [], invitations: [], toDevice: [], receipts: [], position: '1', arrivalsUpTo: '99' };

const stored = async () =>
  (await pool().query<{ payload: { event: object } }>('select payload from item')).rows.map(
    ({ payload }) => payload.event,
  );

describe('an event lies in the log as the homeserver sent it, with fields that this version does not know', () => {
  const event = {
    ...message({ room_id: ROOM }),
    redacts: '$other',
    unsigned: { age: 7, 'org.example': [1, { deep: null }] },
    'org.example.unknown': 'kept',
    content: { 'm.relates_to': { rel_type: 'm.thread', event_id: '$root' }, body: 'x' },
  };

  test('pushed', async () => {
    const { push, synced: pass } = createScene();
    await push({ events: [event] });
    await pass(synced);
    expect(await stored()).toEqual([event]);
  });

  test('synced', async () => {
    await createScene().synced({ ...synced, events: [matrixEventSchema.parse(event)] });
    expect(await stored()).toEqual([event]);
  });
});

test('a pushed receipt is not stored, because `/sync` shows it behind what it refers to; typing is', async () => {
  const ephemeral = ['m.receipt', 'm.typing'].map((type) => ({ type, room_id: ROOM, content: {} }));
  await createScene().push({ events: [], ephemeral });
  expect(await itemsIn(pool(), `ephemeral:${ROOM}`)).toHaveLength(1);
  const { rows } = await pool().query('select from item');
  expect(rows).toHaveLength(1);
});

describe('synced receipts', () => {
  const receipt = (user: string, event: string) => ({
    roomId: roomId(ROOM),
    userId: userId(user),
    eventId: eventId(event),
    readAt: new Date('2026-11-29T12:00:00Z'),
  });
  const waiting = async () =>
    (await pool().query('select user_id, event_id from receipt order by user_id, event_id'))
      .rows as unknown[];
  const lanes = async () =>
    (await pool().query<{ key: string }>('select key from lane order by key')).rows.map(({ key }) => key);

  test('wait, each once, with an item for each reader and room', async () => {
    const { synced: pass } = createScene();
    const receipts = [receipt('@a:h', '$1'), receipt('@a:h', '$2'), receipt('@b:h', '$2')];
    await pass({ ...synced, receipts });
    await pass({ ...synced, receipts, position: '2' });
    expect(await waiting()).toEqual([
      { user_id: '@a:h', event_id: '$1' },
      { user_id: '@a:h', event_id: '$2' },
      { user_id: '@b:h', event_id: '$2' },
    ]);
    expect(await lanes()).toHaveLength(2);
  });

  test('of the bridge’s own ghosts are not stored: they would come back as readings', async () => {
    await createScene().synced({ ...synced, receipts: [receipt('@_fhir_7:example.org', '$1')] });
    expect(await waiting()).toEqual([]);
    expect(await lanes()).toEqual([]);
  });

  test('are not stored where read state is off', async () => {
    const settings = { ...SETTINGS, readState: { ...SETTINGS.readState, engine: 'off' as const } };
    await createScene(settings).synced({ ...synced, receipts: [receipt('@a:h', '$1')] });
    expect(await waiting()).toEqual([]);
  });
});
