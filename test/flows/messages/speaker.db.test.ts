// Who sends a Communication in the room, and how the room is told whose it is.
import { describe, expect, test } from 'vitest';
import * as roomMembers from '../../../src/store/room-members.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT } from '../../builders/matrix.ts';
import { createRelayWorld, GHOST, REQUEST, ROOM } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const profile = (displayname: string) => ({
  'com.beeper.per_message_profile': { displayname, has_fallback: true, id: expect.any(String) as string },
});

describe('the bot sends, with the name of the sender,', () => {
  test.each<[string, Parameters<Awaited<ReturnType<typeof createRelayWorld>>['fhir']['put']>[1], string]>([
    ['for no sender at all: as the platform', { sender: undefined }, 'Zorgplatform'],
    ['for a name alone', { sender: { display: 'Zuster Els' } }, 'Zuster Els'],
    ['for a device', { sender: { reference: 'Device/1', display: 'Pump 3' } }, 'Pump 3'],
    [
      'for a name that would hide itself',
      { sender: { display: `${'x'.repeat(200)}\u202E\n` } },
      'x'.repeat(80),
    ],
  ])('%s', async (_, over, name) => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await fhir.put('1', over);
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([
      { as: BOT, content: { body: `${name}: Good morning`, ...profile(name) } },
    ]);
  });

  test('for a person who does not take part', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await roomMembers.saveBase(pool(), REQUEST, new Map());
    await fhir.put('1');
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([
      { as: BOT, content: { body: 'J. de Vries: Good morning', ...profile('J. de Vries') } },
    ]);
  });

  test('in a read-only room', async () => {
    const { toMatrix, fhir, sending, state } = await createRelayWorld(pool());
    state.conversation = { roomId: ROOM, phase: 'read-only' };
    await pool().query(`update room set phase = 'read-only'`);
    await fhir.put('1');
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ as: BOT }]);
  });
});

test('what a ghost sent is redacted when it changes after the person left, and sent by the bot', async () => {
  const { toMatrix, fhir, sending } = await createRelayWorld(pool());
  await fhir.put('1');
  await toMatrix('Communication/1');
  await roomMembers.saveBase(pool(), REQUEST, new Map());
  await fhir.put('1', { payload: [{ contentString: 'Good evening' }] });
  await toMatrix('Communication/1');
  expect(sending.sent).toMatchObject([
    { as: GHOST },
    { eventId: '$sent1' },
    { as: BOT, content: { body: 'J. de Vries: Good evening' } },
  ]);
});

test('a send that was begun by the ghost is looked for before the bot sends it', async () => {
  const { toMatrix, fhir, sending, relay } = await createRelayWorld(pool());
  const sendAs = sending.server.sendAs.bind(sending.server);
  const loseAnswer: typeof sendAs = async (event, signal) => {
    await sendAs(event, signal);
    throw new BridgeError('matrix-unavailable', 'no answer');
  };
  Object.assign(relay.sending, { sendAs: loseAnswer });
  await fhir.put('1');
  await expect(toMatrix('Communication/1')).rejects.toThrow('matrix-unavailable');
  Object.assign(relay.sending, { sendAs });
  await roomMembers.saveBase(pool(), REQUEST, new Map());
  await toMatrix('Communication/1', { number: 2 });
  expect(sending.sent).toMatchObject([{ as: GHOST }]);
  const links = await roomLinks();
  expect(links).toEqual([{ event_id: '$sent1', communication: ref('Communication/1') }]);
});

async function roomLinks() {
  const { rows } = await pool().query<Record<string, unknown>>(
    'select event_id, communication from message_link',
  );
  return rows;
}
