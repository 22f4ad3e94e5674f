// A FHIR server that was restored gives ids and versions of Communications anew: what comes under them is said, and nothing else is
// changed by it. On real tables.
import { expect, test } from 'vitest';
import { edit } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const AFTER = '2026-11-29T15:00:00Z';
const ID = 'Communication/5001';
const text = (contentString: string) => ({ payload: [{ contentString }] });

/** The platform's message 5001 was said, and the server lost it. */
async function lost() {
  const world = await createRelayWorld(pool());
  await world.fhir.put('5001', text('Old'));
  await world.toMatrix(ID);
  world.fhir.restore(ID, undefined, AFTER);
  return world;
}

test.each(['New', 'Old'])(
  'another message under the id of a lost one is said by itself: %s',
  async (said) => {
    const { fhir, toMatrix, sending } = await lost();
    await fhir.put('5001', text(said));
    expect(await toMatrix(ID)).toMatchObject({ result: 'done', facts: [{ kind: 'created' }] });
    expect(sending.sent).toMatchObject([{ content: { body: 'Old' } }, { content: { body: said } }]);
    expect(sending.sent[1]).not.toHaveProperty('content.m.relates_to');
    expect(await toMatrix(ID)).toMatchObject({ result: 'unchanged' });
  },
);

test('it is said once, though its first attempt ended before it was recorded', async () => {
  const { fhir, toMatrix, sending } = await lost();
  await fhir.put('5001', text('New'));
  await toMatrix(ID);
  await pool().query(
    `update message_link set completed_at = null, event_id = null where cause <> $1 and communication = $1`,
    [ID],
  );
  expect(await toMatrix(ID, { number: 2, inDoubt: true })).toMatchObject({ result: 'done' });
  expect(sending.sent).toHaveLength(2);
});

test('it is edited by itself, and the lost one is left as it was', async () => {
  const { fhir, toMatrix, sending } = await lost();
  await fhir.put('5001', text('New'));
  await toMatrix(ID);
  await fhir.put('5001', text('Newer'));
  await toMatrix(ID);
  expect(sending.sent[2]).toMatchObject({ content: { 'm.relates_to': { event_id: '$sent2' } } });
});

test('who changes the lost message in its room does not change the other one', async () => {
  const { fhir, toMatrix, toFhir } = await lost();
  await fhir.put('5001', text('New'));
  await toMatrix(ID);
  await toFhir(edit('$e', 'Changed', 1, '$sent1'));
  expect(fhir.stored.get(ID as never)).toMatchObject(text('New'));
});

test('a version that is given anew is another change', async () => {
  const world = await createRelayWorld(pool());
  const { fhir, toMatrix, sending } = world;
  await fhir.put('5001', text('One'));
  await toMatrix(ID);
  await fhir.put('5001', text('Two'));
  await toMatrix(ID);
  fhir.restore(ID, '2', AFTER);
  await fhir.put('5001', text('Three'));
  expect(await toMatrix(ID)).toMatchObject({ result: 'done' });
  expect(sending.sent[2]).toMatchObject({ content: { 'm.new_content': { body: 'Three' } } });
});
