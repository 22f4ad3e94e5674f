// The table of waiting items on a real database: order, and one place each.
import { expect, test } from 'vitest';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { tables } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
const { waitingItems: waiting } = tables;
const REQUEST = ref('CommunicationRequest/1');
const LANE = 'to-matrix:CommunicationRequest/1';

const change = (reference: string, versionId = '1') => ({
  kind: 'fhir.change',
  resourceType: 'Communication',
  reference,
  versionId,
});
const wait = (reference: string, versionId?: string) =>
  waiting.saveWaiting(pool(), REQUEST, {
    ...{ about: reference, lane: LANE },
    payload: change(reference, versionId),
  });

test('what waits comes back in the order in which it came, once, in its latest version', async () => {
  await wait('Communication/b');
  await wait('Communication/a');
  await wait('Communication/b', '2');
  expect(await waiting.takeWaiting(pool(), [REQUEST])).toEqual([
    { waitsFor: REQUEST, about: 'Communication/b', lane: LANE, payload: change('Communication/b', '2') },
    { waitsFor: REQUEST, about: 'Communication/a', lane: LANE, payload: change('Communication/a') },
  ]);
  expect(await waiting.takeWaiting(pool(), [REQUEST])).toEqual([]);
});

test('what waits for something else stays', async () => {
  await wait('Communication/1');
  expect(await waiting.takeWaiting(pool(), [ref('CommunicationRequest/2')])).toEqual([]);
});
