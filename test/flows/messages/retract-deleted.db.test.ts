// Deletions of Communications, on real tables: what the room shows of them is redacted, once.
import { describe, expect, test } from 'vitest';
import { deletionItemSchema } from '../../../src/flows/items/fhir-deletion.ts';
import { releaseWaiting } from '../../../src/flows/items/waiting.ts';
import { writeBack } from '../../../src/flows/messages/write-back.ts';
import { storeDeletions } from '../../../src/flows/store-deletions.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { ATTEMPT } from '../../builders/bridge.ts';
import { edit } from '../../builders/changes.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT, eventId, message } from '../../builders/matrix.ts';
import { committed, createRelayWorld, GHOST, REQUEST, ROOM } from '../../builders/relay-world.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const RECORD = `Communication/${communicationIdOf(M)}`;
const text = (contentString: string) => ({ payload: [{ contentString }] });

/** The platform's message 1, as it was sent. */
async function sent() {
  const world = await createRelayWorld(pool());
  await world.fhir.put('1', text('100 E'));
  await world.toMatrix('Communication/1');
  world.sending.sent.length = 0;
  return world;
}

describe('a Communication that was deleted', () => {
  test('is redacted by its ghost; a user’s message by the bot', async () => {
    const { fhir, toFhir, deleted, sending } = await sent();
    await toFhir();
    expect((await deleted('Communication/1', fhir.remove('Communication/1'))).facts).toMatchObject([
      { kind: 'retracted', on: { reference: 'Communication/1', versionId: '3' } },
    ]);
    await deleted(RECORD, fhir.remove(RECORD));
    expect(sending.sent).toMatchObject([
      { as: GHOST, roomId: ROOM, eventId: '$sent1' },
      { as: BOT, roomId: ROOM, eventId: M },
    ]);
  });

  test('while it was sent, before its link could be found, is redacted when its event’s id is to be written back', async () => {
    const { fhir, relay, deleted, toMatrix, sending } = await createRelayWorld(pool());
    const sendAs = relay.sending.sendAs.bind(relay.sending);
    const deleteMeanwhile: typeof sendAs = (event, signal) => {
      fhir.remove('Communication/1');
      return sendAs(event, signal);
    };
    await fhir.put('1', text('100 E'));
    Object.assign(relay.sending, { sendAs: deleteMeanwhile });
    const { next } = await toMatrix('Communication/1');
    expect(next).toMatchObject([
      { lane: `to-matrix:${REQUEST}`, payload: { kind: 'fhir.deletion', reference: 'Communication/1' } },
    ]);
    await deleted('Communication/1', 'gone');
    expect(sending.sent.slice(1)).toMatchObject([{ as: GHOST, roomId: ROOM, eventId: '$sent1' }]);
  });

  test('and whose version no one has seen is told without one: an AuditEvent must not refer to what never was', async () => {
    const { fhir, relay, deleted } = await sent();
    fhir.remove('Communication/1');
    const writtenBack = await writeBack(
      relay,
      { kind: 'write-back', reference: ref('Communication/1'), eventId: eventId('$sent1') },
      ATTEMPT,
    );
    const { next } = await committed(pool(), writtenBack);
    const { versionId } = deletionItemSchema.parse(next[0]?.payload);
    const [fact] = (await deleted('Communication/1', versionId)).facts;
    expect(fact?.kind).toBe('retracted');
    expect(fact?.on).toEqual({ reference: 'Communication/1' });
  });

  test('is redacted once, also where it was in error before', async () => {
    const { fhir, toMatrix, deleted, sending } = await sent();
    await fhir.put('1', { status: 'entered-in-error' });
    await toMatrix('Communication/1');
    const version = fhir.remove('Communication/1');
    await deleted('Communication/1', version);
    await deleted('Communication/1', version);
    expect(sending.sent).toHaveLength(1);
  });

  test('and created again is sent again', async () => {
    const { fhir, toMatrix, deleted, sending } = await sent();
    await deleted('Communication/1', fhir.remove('Communication/1'));
    await fhir.put('1', text('100 E'));
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ eventId: '$sent1' }, { content: { body: '100 E' } }]);
  });

  test('and created again before that was read is left as it is', async () => {
    const { fhir, deleted, sending } = await sent();
    const version = fhir.remove('Communication/1');
    await fhir.put('1', text('100 E'));
    expect(await deleted('Communication/1', version)).toMatchObject({ result: 'superseded' });
    expect(sending.sent).toEqual([]);
  });

  test('while the bridge writes it waits as what it is, and the message does not stay in the room', async () => {
    const { fhir, toFhir, deleted } = await sent();
    await toFhir();
    fhir.loseAnswer();
    await expect(toFhir(edit('$e', '10 E', 1))).rejects.toThrow('fhir-unavailable');
    const versionId = fhir.remove(RECORD);
    expect(await deleted(RECORD, versionId)).toMatchObject({ result: 'held' });
    const release = inTransaction(pool(), (tx) =>
      releaseWaiting(tables, tx, [ref(RECORD)], 'the write has ended'),
    );
    expect(await release).toMatchObject([
      { payload: { kind: 'fhir.deletion', reference: RECORD, versionId } },
    ]);
  });

  test('that was never carried is nothing', async () => {
    const { deleted } = await createRelayWorld(pool());
    expect(await deleted('Communication/9', '2')).toMatchObject({ result: 'withdrawn' });
  });

  test('is stored once, in the lane of its conversation, and only if it was carried', async () => {
    const { relay } = await sent();
    const deletions = ['1', '9'].map((id) => ({ reference: ref(`Communication/${id}`), versionId: '3' }));
    expect(await storeDeletions(relay, deletions)).toBe(1);
    expect(await storeDeletions(relay, deletions)).toBe(0);
    expect(await itemsIn(pool(), `to-matrix:${REQUEST}`)).toEqual(['Communication/1/3 of 1']);
  });
});
