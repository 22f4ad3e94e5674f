// A version that no reader has read and that the bridge writes over, on real tables: a search does not show it any more.
import { describe, expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { edit, reaction, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { message } from '../../builders/matrix.ts';
import { createRelayWorld, REQUEST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const RECORD = ref(`Communication/${communicationIdOf(M)}`);

describe('what a platform wrote just before, seen by no reader,', () => {
  test.each([
    ['an edit', edit('$e', '10 E', 1)],
    ['a reaction', reaction('$like')],
    ['a redaction', redaction('$r', M)],
  ])('is looked at although %s is written over it', async (_, event) => {
    const world = await createRelayWorld(pool(), KINDS, { messages: { reactions: 'note' } });
    await world.toFhir();
    await world.fhir.put(communicationIdOf(M), { payload: [{ contentString: '100 E' }] });
    expect((await world.toFhir(event)).next).toMatchObject([
      { payload: { kind: 'fhir.change', reference: RECORD, versionId: '2' } },
    ]);
  });

  test('and the bridge itself, is not', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    expect((await world.toFhir(edit('$e', '10 E', 1))).next).toEqual([]);
  });
});

test('what a platform wrote just before the event’s id is written back, seen by no reader, is looked at', async () => {
  const { toMatrix, fhir, relay } = await createRelayWorld(pool());
  await fhir.put('1');
  const update = relay.fhir.update.bind(relay.fhir);
  const refuseOnce: typeof update = async () => {
    Object.assign(relay.fhir, { update });
    await fhir.put('1', { payload: [{ contentString: 'Good evening' }] });
    throw new BridgeError('fhir-conflict', 'update: 409');
  };
  Object.assign(relay.fhir, { update: refuseOnce });
  expect((await toMatrix('Communication/1')).next).toMatchObject([
    { lane: `to-matrix:${REQUEST}`, payload: { kind: 'fhir.change', versionId: '2' } },
  ]);
});
