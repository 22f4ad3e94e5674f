// Messages of which an earlier version of the bridge has not recorded who sent them. On real tables.
import { expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { edit, redaction } from '../../builders/changes.ts';
import { ref } from '../../builders/fhir.ts';
import { message } from '../../builders/matrix.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const RECORD = ref(`Communication/${communicationIdOf(M)}`);

test('an edit of a message from before its sender was recorded is the sender’s to make, whom the homeserver tells', async () => {
  const world = await createRelayWorld(pool());
  await world.toFhir();
  await pool().query('update message_link set sender = null');
  expect(await world.toFhir(edit('$unseen', '10 E', 1))).toMatchObject({ result: 'not-the-author' });
  world.state.events = [message({ event_id: M })];
  const forged = { ...edit('$forged', '1000 E', 1), sender: '@eve:example.org' };
  expect(await world.toFhir(forged)).toMatchObject({ result: 'not-the-author' });
  expect(await world.toFhir(edit('$e', '10 E', 1))).toMatchObject({ result: 'done' });
  expect(world.fhir.stored.get(RECORD)).toMatchObject({ payload: [{ contentString: '10 E' }] });
  // Now it is known.
  world.state.events = [];
  expect(await world.toFhir(redaction('$r', M))).toMatchObject({ result: 'done' });
});
