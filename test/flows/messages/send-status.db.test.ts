// The status of a message in its sender's client, on real tables: failed, tried again, and recorded after all.
import { describe, expect, test } from 'vitest';
import { eventItem } from '../../../src/flows/items/event.ts';
import { SEND_STATUS_TYPE } from '../../../src/mapping/send-status.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { eventId, message } from '../../builders/matrix.ts';
import { ROOM } from '../../builders/relay-world.ts';
import { createToldWorld } from '../../builders/told-world.ts';

const pool = useBridgeDatabase();
const ITEM = eventItem(message({ event_id: '$1' }));

async function createWorld(settings?: Parameters<typeof createToldWorld>[1]) {
  const world = createToldWorld(pool(), settings);
  await pool().query(
    `insert into room (reference, alias, room_id, ready_at)
     values ('CommunicationRequest/245', '#a:example.org', $1, now())`,
    [ROOM],
  );
  return {
    ...world,
    /** Sends the statuses that are stored. @returns what clients were told of the message, in order */
    statuses: async (): Promise<readonly unknown[]> => {
      for (const item of await world.items('send-status')) await world.run(item);
      return world.sent
        .filter(({ type }) => type === SEND_STATUS_TYPE)
        .map(({ content }) => [content['status'], content['io.github.fhir-matrix-bridge.reason']]);
    },
  };
}

describe('a message that became a dead letter', () => {
  test.each([
    ['fhir-unavailable', 'FAIL_RETRIABLE', 'not-filed', 'not-filed'],
    ['fhir-refused', 'FAIL_PERMANENT', 'refused', 'not-filed'],
    ['fhir-too-large', 'FAIL_PERMANENT', 'too-large', 'too-large'],
    ['inbox-owners-died', 'FAIL_RETRIABLE', 'not-filed', 'not-filed'],
  ])('by %s is %s, and its sender is told', async (code, status, failure, reason) => {
    const { giveUp, statuses, items } = await createWorld();
    await giveUp(ITEM, code);
    expect(await statuses()).toEqual([[status, failure]]);
    expect(await items('message-notice')).toMatchObject([{ payload: { reason, eventId: '$1' } }]);
  });

  test('and is recorded after all, is said to be', async () => {
    const { giveUp, run, statuses } = await createWorld();
    await giveUp(ITEM, 'fhir-unavailable');
    expect(await run(ITEM)).toMatchObject({ kind: 'done' });
    expect(await statuses()).toEqual([
      ['FAIL_RETRIABLE', 'not-filed'],
      ['SUCCESS', undefined],
    ]);
  });

  test('is told by the notice alone where statuses are off', async () => {
    const { giveUp, statuses, items } = await createWorld({ sendStatus: false });
    await giveUp(ITEM, 'fhir-unavailable');
    expect(await statuses()).toEqual([]);
    expect(await items('message-notice')).toHaveLength(1);
  });

  test('is not told of where it is a ghost’s', async () => {
    const { giveUp, statuses, items } = await createWorld();
    await giveUp(eventItem(message({ sender: '@_fhir_7:example.org' })), 'fhir-unavailable');
    expect([...(await statuses()), ...(await items('message-notice'))]).toEqual([]);
  });

  test('and changed the room’s state is told by a notice alone', async () => {
    const { giveUp, statuses, items } = await createWorld();
    const change = message({ type: 'm.room.topic', state_key: '', content: {} });
    await giveUp(eventItem(change), 'fhir-unavailable');
    expect(await statuses()).toEqual([]);
    expect(await items('message-notice')).toMatchObject([{ payload: { reason: 'change-not-filed' } }]);
  });
});

describe('a message that is tried again', () => {
  test('is said to be delayed after a minute, once', async () => {
    const { fhir, run, pass, statuses } = await createWorld();
    fhir.state.isDown = true;
    expect(await run(ITEM)).toMatchObject({ kind: 'retry' });
    expect(await statuses()).toEqual([]);
    pass(61_000);
    expect(await run(ITEM, { number: 2 })).toMatchObject({ kind: 'retry' });
    await run(ITEM, { number: 3 });
    expect(await statuses()).toEqual([['PENDING', 'delayed']]);
  });

  test('is said to be recorded as soon as it is', async () => {
    const { fhir, run, pass, statuses } = await createWorld();
    fhir.state.isDown = true;
    pass(61_000);
    await run(ITEM);
    fhir.state.isDown = false;
    expect(await run(ITEM, { number: 2 })).toMatchObject({ kind: 'done' });
    expect(await statuses()).toEqual([
      ['PENDING', 'delayed'],
      ['SUCCESS', undefined],
    ]);
  });
});

test('the status of a message is no message: a foreign bridge’s leaves no record and no notice', async () => {
  const { run, items } = await createWorld();
  const relation = { rel_type: 'm.reference', event_id: eventId('$1') };
  const status = message({
    sender: '@otherbot:elsewhere.example',
    type: SEND_STATUS_TYPE,
    content: { status: 'FAIL_PERMANENT', 'm.relates_to': relation },
  });
  expect(await run(eventItem(status))).toMatchObject({ kind: 'ignored', reason: 'not-a-message' });
  expect([...(await items('message-notice')), ...(await items('send-status'))]).toEqual([]);
});
