// What comes in, on a real database: events whole, receipts behind what they refer to.
import { describe, expect, test } from 'vitest';
import { createIntake } from '../../src/flows/intake.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { enqueue } from '../../src/inbox/enqueue.ts';
import { knownSourceIds } from '../../src/inbox/known-items.ts';
import { matrixEventSchema } from '../../src/matrix/event-schema.ts';
import { readTransaction } from '../../src/matrix/transactions.ts';
import { communicationRequestThread as thread } from '../../src/messages/threads/communication-request.ts';
import { tables } from '../../src/store/tables.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { message } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const ROOM = '!room:example.org';

const createScene = () => {
  const intake = createIntake({
    transact: (work) => inTransaction(pool(), work),
    ...{ enqueue, knownSourceIds, thread, wakeMatrixReader: () => Promise.resolve() },
    store: tables,
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

const synced = { events: [], invitations: [], toDevice: [], position: '1', arrivalsUpTo: '99' };

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

test('a receipt lies in the lane of its room, and typing does not', async () => {
  const ephemeral = ['m.receipt', 'm.typing'].map((type) => ({ type, room_id: ROOM, content: {} }));
  await createScene().push({ events: [], ephemeral });
  expect(await itemsIn(pool(), `to-fhir:${ROOM}`)).toHaveLength(1);
  expect(await itemsIn(pool(), `ephemeral:${ROOM}`)).toHaveLength(1);
});
