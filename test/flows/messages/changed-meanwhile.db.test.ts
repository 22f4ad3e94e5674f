// A record that changes while the bridge is at it, on real tables: between two of its requests a user or a platform is faster.
import { expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { edit, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { message } from '../../builders/matrix.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const ID = communicationIdOf(M);
const RECORD = ref(`Communication/${ID}`);

test.each([
  ['edits', edit('$edit', 'At ten.', 1_000)],
  ['redacts', redaction('$redaction', M)],
])('what a user %s while the record is being read is not sent again as it was', async (_, change) => {
  const { relay, sending, toFhir, toMatrix } = await createRelayWorld(pool());
  await toFhir();
  const { read } = relay.fhir;
  const changes = [change];
  // The answer is under way while the change is written and recorded.
  relay.fhir.read = async (...asked) => {
    const answer = await read(...asked);
    for (const each of changes.splice(0)) expect(await toFhir(each)).toMatchObject({ result: 'done' });
    return answer;
  };
  expect(await toMatrix(RECORD)).toMatchObject({ result: 'later' });
  expect(await toMatrix(RECORD)).toMatchObject({ result: 'unchanged' });
  expect(sending.sent).toEqual([]);
});

test('an edit whose answer was lost, and over which a platform wrote, is told of the version that it made', async () => {
  const { fhir, toFhir } = await createRelayWorld(pool());
  const ofPlatform = { payload: [{ contentString: '12 E' }] };
  await toFhir();
  fhir.loseAnswer();
  await expect(toFhir(edit('$e', '10 E', 1))).rejects.toThrow('fhir-unavailable');
  await fhir.put(ID, ofPlatform);
  const { facts } = await toFhir(edit('$e', '10 E', 1), { number: 2 });
  expect(facts).toMatchObject([{ kind: 'changed', on: { versionId: '2' } }]);
  expect(fhir.stored.get(RECORD)).toMatchObject({ ...ofPlatform, meta: { versionId: '3' } });
});
