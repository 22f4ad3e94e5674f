// A Communication that is changed, or goes, after its event is in the room and before the bridge has recorded that, on real tables.
import { expect, test } from 'vitest';
import { relayToMatrix } from '../../../src/flows/messages/relay-to-matrix.ts';
import { findLinksOfCommunication } from '../../../src/store/message-links.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { ATTEMPT } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const REFERENCE = ref('Communication/1');

/** A world in which the first message was sent, and the bridge then died. */
async function interrupted() {
  const world = await createRelayWorld(pool());
  await world.fhir.put('1');
  await relayToMatrix(world.relay, { reference: REFERENCE, hasWaited: false }, ATTEMPT);
  expect(world.sending.sent).toHaveLength(1);
  return world;
}
const links = () => findLinksOfCommunication(pool(), REFERENCE, undefined);

test('changed: what is in the room counts as carried, and the change becomes an edit of it', async () => {
  const { fhir, sending, toMatrix } = await interrupted();
  await fhir.put('1', { payload: [{ contentString: '10 E' }] });
  await toMatrix('Communication/1'); // the retry
  await toMatrix('Communication/1'); // the item of the change
  expect(sending.sent).toMatchObject([
    { content: { body: 'Good morning' } },
    { content: { body: '* 10 E' } },
  ]);
});

test('entered in error: it is taken out of the room', async () => {
  const { fhir, sending, toMatrix } = await interrupted();
  await fhir.put('1', { status: 'entered-in-error' });
  await toMatrix('Communication/1');
  await toMatrix('Communication/1');
  expect(sending.sent.slice(1)).toMatchObject([{ eventId: '$sent1' }]);
});

test('deleted: it counts as carried, so that the deletion takes it out of the room', async () => {
  const { fhir, toMatrix } = await interrupted();
  fhir.remove('Communication/1');
  await toMatrix('Communication/1');
  expect(await links()).toMatchObject([{ eventId: '$sent1', completed: true }]);
});

test('unchanged: it is not sent again', async () => {
  const { sending, toMatrix } = await interrupted();
  expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
  expect(sending.sent).toHaveLength(1);
  expect(await links()).toMatchObject([{ eventId: '$sent1', completed: true }]);
});

test('changed while the first sending is on its way, and not in the room yet: what comes into the room is not taken for the change', async () => {
  const { fhir, relay, sending, toMatrix } = await createRelayWorld(pool());
  await fhir.put('1');
  const sendAs = relay.sending.sendAs.bind(relay.sending);
  const onItsWay: Parameters<typeof sendAs>[] = [];
  const sendLate: typeof sendAs = async (...given) => {
    if (onItsWay.push(given) === 1) throw new BridgeError('matrix-unavailable', 'no answer in time');
    // The homeserver has the first request first, and knows its transaction id when the second one comes.
    for (const request of onItsWay) await sendAs(...request);
    return sendAs(...given);
  };
  Object.assign(relay.sending, { sendAs: sendLate });
  await expect(toMatrix('Communication/1')).rejects.toThrow('no answer in time');
  await fhir.put('1', { payload: [{ contentString: '10 E' }] });
  await toMatrix('Communication/1'); // the retry
  Object.assign(relay.sending, { sendAs });
  await toMatrix('Communication/1'); // the item of the change
  expect(sending.sent).toMatchObject([
    { content: { body: 'Good morning' } },
    { content: { body: '* 10 E' } },
  ]);
});
