// From the FHIR server to a room, on real tables: sent once, linked before, in order, as the right user.
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../../src/messages/registry.ts';
import * as ghosts from '../../../src/store/ghosts.ts';
import { findLinksOfCommunication } from '../../../src/store/message-links.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT, roomId as roomIdOf } from '../../builders/matrix.ts';
import { createRelayWorld, GHOST, REQUEST, ROOM } from '../../builders/relay-world.ts';
import { scripted } from '../../builders/scripted-kind.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const IDENTIFIER = { use: 'official', system: 'https://matrix.org/event-id' };

const linksOf = (reference: string) => findLinksOfCommunication(pool(), ref(reference), undefined);

describe('a Communication', () => {
  test('is sent as its sender’s ghost with the time of sending, and learns the event’s id', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await fhir.put('1');
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done', next: [] });
    expect(sending.sent).toMatchObject([
      {
        ...{ as: GHOST, roomId: ROOM, type: 'm.room.message' },
        content: { msgtype: 'm.text', body: 'Good morning' },
        timestamp: Date.UTC(2025, 8, 26, 9, 30, 15),
      },
    ]);
    expect(fhir.stored.get(ref('Communication/1'))).toMatchObject({
      identifier: [{ ...IDENTIFIER, value: '$sent1' }],
    });
    expect(await linksOf('Communication/1')).toMatchObject([
      { origin: 'fhir', kind: 'text', cause: 'Communication/1', eventId: '$sent1', completed: true },
    ]);
  });

  test('tells what happened, by whom, and on which version', async () => {
    const { toMatrix, fhir } = await createRelayWorld(pool());
    await fhir.put('1');
    expect((await toMatrix('Communication/1')).facts).toEqual([
      {
        kind: 'created',
        on: { reference: 'Communication/1', versionId: '1' },
        by: { person: 'Practitioner/7', userId: GHOST },
        ...{ direction: 'to-matrix', roomId: ROOM, eventId: '$sent1' },
        ...{ subject: 'Patient/12', conversation: { reference: REQUEST } },
      },
    ]);
  });

  test('is sent once: its own write-back says nothing new, and a changed text is an edit of it', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await fhir.put('1');
    await toMatrix('Communication/1');
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'unchanged' });
    await fhir.put('1', { payload: [{ contentString: 'Good evening' }] });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    expect(sending.sent).toHaveLength(2);
    expect(sending.sent[1]).toMatchObject({
      as: GHOST,
      content: {
        body: '* Good evening',
        'm.new_content': { msgtype: 'm.text', body: 'Good evening' },
        'm.relates_to': { rel_type: 'm.replace', event_id: '$sent1' },
      },
    });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'unchanged' });
  });

  test('whose write-back failed is sent once all the same', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await fhir.put('1');
    fhir.loseAnswer();
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'unchanged' });
    expect(sending.sent).toHaveLength(1);
  });

  test('whose write-back the server refuses is sent, and so is the next one, and none of them again', async () => {
    const { toMatrix, fhir, sending, relay } = await createRelayWorld(pool());
    const refuse = () => Promise.reject(new BridgeError('fhir-forbidden', 'update: 403'));
    Object.assign(relay, { fhir: { ...relay.fhir, update: refuse } });
    for (const id of ['1', '2']) {
      await fhir.put(id);
      expect(await toMatrix(`Communication/${id}`)).toMatchObject({ result: 'done' });
      expect(await toMatrix(`Communication/${id}`)).toMatchObject({ result: 'unchanged' });
    }
    expect(sending.sent).toHaveLength(2);
  });

  test('of which it is not known whether it was sent, long ago, is looked for in the room before it is sent again', async () => {
    const { toMatrix, fhir, sending, state, relay } = await createRelayWorld(pool());
    const sendAs = sending.server.sendAs.bind(sending.server);
    const loseAnswer: typeof sendAs = async (event, signal) => {
      await sendAs(event, signal);
      throw new BridgeError('matrix-unavailable', 'no answer');
    };
    Object.assign(relay.sending, { sendAs: loseAnswer });
    await fhir.put('1');
    await expect(toMatrix('Communication/1')).rejects.toThrow('matrix-unavailable');
    state.now = new Date(Date.now() + 21 * 60 * 60 * 1000);
    Object.assign(relay.sending, { sendAs: () => Promise.reject(new Error('sent again')) });
    expect(await toMatrix('Communication/1', { number: 2 })).toMatchObject({ result: 'done' });
    expect(await linksOf('Communication/1')).toMatchObject([{ eventId: '$sent1', sender: GHOST }]);
  });

  test('whose write-back failed is not sent again, however long ago that was and whatever was said since', async () => {
    const { toMatrix, fhir, sending, state } = await createRelayWorld(pool());
    await fhir.put('1');
    fhir.loseAnswer();
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    state.now = new Date(Date.now() + 25 * 60 * 60 * 1000);
    // Neither the homeserver’s memory of transaction ids nor a look at the last messages shows it.
    sending.known.clear();
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'unchanged' });
    expect(sending.sent).toHaveLength(1);
    expect(await linksOf('Communication/1')).toMatchObject([{ eventId: '$sent1', completed: true }]);
  });

  test('that was not sent to its end before its room was replaced is sent in the new one', async () => {
    const { toMatrix, fhir, sending, state, relay } = await createRelayWorld(pool());
    const sendAs = sending.server.sendAs.bind(sending.server);
    const loseAnswer: typeof sendAs = async (event, signal) => {
      await sendAs(event, signal);
      throw new BridgeError('matrix-unavailable', 'no answer');
    };
    Object.assign(relay.sending, { sendAs: loseAnswer });
    await fhir.put('1');
    await expect(toMatrix('Communication/1')).rejects.toThrow('matrix-unavailable');
    Object.assign(relay.sending, { sendAs });
    const roomId = roomIdOf('!new:example.org');
    await pool().query('update room set room_id = $1', [roomId]);
    state.conversation = { roomId, phase: 'open' };
    sending.known.clear();
    await toMatrix('Communication/1', { number: 2 });
    expect(sending.sent).toMatchObject([{ roomId: ROOM }, { roomId }]);
  });

  test('that the bridge itself is writing waits until that is done, and is not sent', async () => {
    const { toFhir, toMatrix, fhir, sending } = await createRelayWorld(pool());
    fhir.loseAnswer();
    await expect(toFhir()).rejects.toThrow('fhir-unavailable');
    const [written] = [...fhir.stored.keys()];
    expect(await toMatrix(String(written))).toMatchObject({ result: 'held', next: [] });
    expect((await toFhir({}, { number: 2 })).next).toMatchObject([{ payload: { reference: written } }]);
    expect(await toMatrix(String(written))).toMatchObject({ result: 'unchanged' });
    expect(sending.sent).toEqual([]);
  });
});

describe('while the room is not safe', () => {
  const endanger = () => pool().query('update room set unsafe_since = now()');

  test('a Communication waits, and is sent once it is', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await endanger();
    await fhir.put('1');
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'held', next: [] });
    expect(sending.sent).toEqual([]);
    await pool().query('update room set unsafe_since = null');
    expect(await tables.waitingItems.takeWaiting(pool(), [ref('CommunicationRequest/245')])).toMatchObject([
      { about: 'Communication/1' },
    ]);
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    expect(sending.sent).toHaveLength(1);
  });

  test('a change of what was sent waits as well, but not its retraction', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await fhir.put('1');
    await toMatrix('Communication/1');
    await endanger();
    await fhir.put('1', { payload: [{ contentString: 'Good evening' }] });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'held' });
    await fhir.put('1', { status: 'entered-in-error' });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    expect(sending.sent).toHaveLength(2);
  });
});

describe('what is not to be sent is ignored', () => {
  test.each([
    ['gone', undefined],
    ['status', { status: 'on-hold' }],
    ['withdrawn', { status: 'entered-in-error' }],
    ['empty', { payload: [] }],
    ['no-conversation', { partOf: [] }],
  ])('%s', async (reason, over) => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    if (over !== undefined) await fhir.put('1', over);
    expect(await toMatrix('Communication/1')).toMatchObject({ result: reason });
    expect(sending.sent).toEqual([]);
  });
});

describe('the room', () => {
  const close = async (phase: string) => pool().query('update room set phase = $1', [phase]);

  test('that is closed gets nothing', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await close('closed');
    await fhir.put('1');
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'closed' });
    expect(sending.sent).toEqual([]);
  });

  test('that is read-only gets it from the bot, which says whose message it is', async () => {
    const { toMatrix, fhir, sending } = await createRelayWorld(pool());
    await close('read-only');
    await ghosts.saveGhost(pool(), GHOST);
    await ghosts.saveGhostName(pool(), GHOST, 'J. de Vries');
    await fhir.put('1');
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ as: BOT, content: { body: 'J. de Vries: Good morning' } }]);
  });

  test('that is not open yet is waited for, in the order of the Communications', async () => {
    const { toMatrix, fhir, state, relay } = await createRelayWorld(pool());
    await pool().query('update room set ready_at = null');
    state.conversation = undefined;
    for (const id of ['2', '1']) await fhir.put(id);
    expect(await toMatrix('Communication/2')).toMatchObject({ result: 'held', next: [] });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'held', next: [] });
    const waiting = await relay.store.waitingItems.takeWaiting(pool(), [REQUEST]);
    expect(waiting.map(({ about }) => about)).toEqual(['Communication/2', 'Communication/1']);
  });

  test('that is opened at that very moment is not waited for', async () => {
    const { toMatrix, fhir, relay } = await createRelayWorld(pool());
    await pool().query('update room set ready_at = null');
    await fhir.put('1');
    Object.assign(relay, {
      openConversation: async () => {
        await pool().query('update room set ready_at = now()');
        return undefined;
      },
    });
    expect(await toMatrix('Communication/1')).toMatchObject({
      result: 'held',
      next: [{ lane: `to-matrix:${REQUEST}`, payload: { reference: 'Communication/1', versionId: '1' } }],
    });
  });
});

describe('a kind of several events', () => {
  const kinds = [scripted, ...KINDS];
  const put = { topic: { text: '$event:example.org' } };

  test('waits for what it refers to, is sent in parts, and changed by the version that changes it', async () => {
    const { toFhir, toMatrix, fhir, sending } = await createRelayWorld(pool(), kinds);
    await fhir.put('1', put);
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'held' });
    expect((await toFhir()).next).toMatchObject([{ payload: { reference: 'Communication/1' } }]);
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    await fhir.put('1', { ...put, status: 'entered-in-error' });
    expect((await toMatrix('Communication/1')).facts).toMatchObject([{ kind: 'changed' }]);
    expect(sending.sent).toMatchObject([
      { content: { body: 'part 0' } },
      { content: { body: 'part 1' } },
      { eventId: '$sent1' },
    ]);
    expect(await linksOf('Communication/1')).toMatchObject([
      { cause: 'Communication/1', part: 0, kind: 'scripted' },
      { cause: 'Communication/1', part: 1 },
      { cause: 'Communication/1/_history/3', part: 0, target: '$sent1' },
    ]);
  });
});
