// The table of waiting items on a real database: order, one place each, and that the version before sees the same.
import { describe, expect, test } from 'vitest';
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

describe('beside the version before, which has the table `held_communication`', () => {
  const before = {
    hold: `insert into held_communication (request, reference, version_id) values ($1, $2, $3)
     on conflict (request, reference) do update set version_id = excluded.version_id`,
    find: 'select reference, version_id from held_communication where request = $1 order by reference',
    release: 'delete from held_communication where request = $1 and reference = any ($2)',
  };

  test('it finds what this version lets wait, and what it releases waits here no more', async () => {
    await wait('Communication/1');
    await wait('Communication/1', '2');
    const { rows } = await pool().query(before.find, [REQUEST]);
    expect(rows).toEqual([{ reference: 'Communication/1', version_id: '2' }]);
    await pool().query(before.release, [REQUEST, ['Communication/1']]);
    expect(await waiting.takeWaiting(pool(), [REQUEST])).toEqual([]);
  });

  test('this version finds what it lets wait, and what is released here waits there no more', async () => {
    await pool().query(before.hold, [REQUEST, 'Communication/1', '1']);
    await pool().query(before.hold, [REQUEST, 'Communication/1', '2']);
    expect(await waiting.takeWaiting(pool(), [REQUEST])).toMatchObject([
      { about: 'Communication/1', lane: LANE, payload: change('Communication/1', '2') },
    ]);
    expect((await pool().query(before.find, [REQUEST])).rows).toEqual([]);
  });
});
