// Event ids that are written back a little later and many at a time, on real tables: each once, and none held up by another.
import { expect, test } from 'vitest';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { createWriteBackDue } from '../../../src/flows/messages/write-back-due.ts';
import { wasWritten } from '../../../src/store/resource-versions.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { ATTEMPT } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const { countWriteBacks, saveWriteBack } = tables.writeBacks;

/** A world with messages of which the ids are to be written back. */
async function worldWith(...ids: readonly string[]) {
  const { relay, fhir } = await createRelayWorld(pool());
  for (const id of ids) {
    await fhir.put(id);
    await saveWriteBack(pool(), { reference: ref(`Communication/${id}`), eventId: eventId(`$of${id}`) });
  }
  fhir.writes.length = 0;
  const items: unknown[] = [];
  const bridge: Bridge = {
    ...relay,
    enqueue: (_tx, given) => {
      items.push(...given.map(({ payload }) => payload));
      return Promise.resolve({ stored: given.length, duplicates: 0 });
    },
  };
  const eventIdOf = (id: string) => {
    const found = fhir.stored.get(ref(`Communication/${id}`));
    const identifiers = found?.resourceType === 'Communication' ? found.identifier : [];
    return identifiers?.map(({ value }) => value).filter((value) => value?.startsWith('$of'));
  };
  return { bridge, fhir, items, eventIdOf };
}
const writeDue = (bridge: Bridge) => createWriteBackDue(bridge)(ATTEMPT.signal);
const itemOf = (id: string) => ({
  ...{ kind: 'write-back', reference: `Communication/${id}`, eventId: `$of${id}` },
});

test('all that is due is written in one transaction, and the ledger knows the versions as the bridge’s own', async () => {
  const { bridge, fhir, eventIdOf } = await worldWith('1', '2', '3');
  const together: number[] = [];
  const updateMessages = bridge.fhir.updateMessages.bind(bridge.fhir);
  Object.assign(bridge.fhir, {
    updateMessages: ((resources, signal) => {
      together.push(resources.length);
      return updateMessages(resources, signal);
    }) satisfies typeof updateMessages,
  });
  expect(await writeDue(bridge)).toBe(3);
  expect(together).toEqual([3]);
  expect(['1', '2', '3'].map(eventIdOf)).toEqual([['$of1'], ['$of2'], ['$of3']]);
  for (const id of ['1', '2', '3']) expect(await wasWritten(pool(), `Communication/${id}`, '2')).toBe(true);
  expect(await countWriteBacks(pool())).toBe(0);
  expect(await writeDue(bridge)).toBe(0);
  expect(fhir.writes).toHaveLength(3);
});

test('a platform that changes its record at once meets no version of the bridge’s', async () => {
  const { bridge, fhir, eventIdOf } = await worldWith('1');
  const patient: Bridge = { ...bridge, settings: { ...bridge.settings, writeBackDelayMs: 60_000 } };
  expect(await writeDue(patient)).toBe(0);
  await fhir.server.update({
    ...(await communicationAt(fhir, '1')),
    payload: [{ contentString: 'Changed' }],
  });
  await pool().query(`update write_back set since = since - interval '61 seconds'`);
  expect(await writeDue(patient)).toBe(1);
  expect(eventIdOf('1')).toEqual(['$of1']);
  expect(await communicationAt(fhir, '1')).toMatchObject({ payload: [{ contentString: 'Changed' }] });
});

test('one that bears its id already, or is gone, is not written', async () => {
  const { bridge, fhir, items } = await worldWith('1', '2');
  await writeDue(bridge);
  for (const id of ['1', '2'])
    await saveWriteBack(pool(), { reference: ref(`Communication/${id}`), eventId: eventId(`$of${id}`) });
  fhir.remove('Communication/2');
  fhir.writes.length = 0;
  items.length = 0;
  await writeDue(bridge);
  expect([fhir.writes, items, await countWriteBacks(pool())]).toEqual([[], [], 0]);
});

test.each(['fhir-conflict', 'fhir-unavailable', 'fhir-refused', 'fhir-answer'] as const)(
  'where the transaction fails with %s, each goes on by itself',
  async (code) => {
    const { bridge, items } = await worldWith('1', '2');
    Object.assign(bridge.fhir, { updateMessages: () => Promise.reject(new BridgeError(code, 'update')) });
    await writeDue(bridge);
    expect([items, await countWriteBacks(pool())]).toEqual([[itemOf('1'), itemOf('2')], 0]);
  },
);

test.each([
  ['fhir-refused', 'is not asked for one each time', 1],
  ['fhir-forbidden', 'is not asked for one each time', 1],
  ['fhir-unavailable', 'is not asked for one each time', 1],
  ['fhir-conflict', 'is asked again: a conflict is of one record', 2],
] as const)('a server that answers a transaction with %s %s', async (code, _, times) => {
  const { bridge, fhir, items } = await worldWith('1', '2');
  let asked = 0;
  Object.assign(bridge.fhir, {
    updateMessages: () => {
      asked += 1;
      return Promise.reject(new BridgeError(code, 'update'));
    },
  });
  const write = createWriteBackDue(bridge);
  await write(ATTEMPT.signal);
  for (const id of ['3', '4']) {
    await fhir.put(id);
    await saveWriteBack(pool(), { reference: ref(`Communication/${id}`), eventId: eventId(`$of${id}`) });
  }
  await write(ATTEMPT.signal);
  expect([asked, items.length]).toEqual([times, 4]);
});

test('what a platform wrote just before, seen by no reader, is looked at', async () => {
  const { bridge, items } = await worldWith('1', '2');
  await writeDue(bridge);
  expect(items).toMatchObject([
    { kind: 'fhir.change', reference: 'Communication/1', versionId: '1' },
    { kind: 'fhir.change', reference: 'Communication/2', versionId: '1' },
  ]);
});

async function communicationAt(fhir: { readonly server: Bridge['fhir'] }, id: string) {
  const found = await fhir.server.read(ref(`Communication/${id}`));
  if (found?.resourceType !== 'Communication') throw new Error('It is there');
  return found;
}
