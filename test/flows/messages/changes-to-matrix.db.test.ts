// Changes of Communications, on real tables: what the room shows follows, by who sent it, in the room where it stands.
import { describe, expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { saveBase } from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT, message, roomId, userId } from '../../builders/matrix.ts';
import { senderGhost } from '../../builders/people.ts';
import { createRelayWorld, GHOST, REQUEST, ROOM } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const RECORD = `Communication/${communicationIdOf(M)}`;
const text = (contentString: string) => ({ payload: [{ contentString }] });
const OTHER = roomId('!other:example.org');

type World = Awaited<ReturnType<typeof createRelayWorld>>;

/** The platform's message 1, as it was sent. */
async function sent(): Promise<World> {
  const world = await createRelayWorld(pool());
  await world.fhir.put('1', text('100 E'));
  await world.toMatrix('Communication/1');
  world.sending.sent.length = 0;
  return world;
}

/** The nurse's message, as it was recorded. */
async function recorded(): Promise<World> {
  const world = await createRelayWorld(pool());
  await world.toFhir();
  return world;
}

async function makeOtherConversation(): Promise<void> {
  await pool().query(
    `insert into room (reference, alias, room_id, ready_at) values ('CommunicationRequest/9', '#b:example.org', $1, now())`,
    [OTHER],
  );
  await saveBase(pool(), ref('CommunicationRequest/9'), new Map([[GHOST, ref('Practitioner/7')]]));
}

describe('a platform’s message that the platform changes', () => {
  test('is edited in the room by its ghost: a wrong dose does not stay there', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await fhir.put('1', text('10 E'));
    expect((await toMatrix('Communication/1')).facts).toMatchObject([
      { kind: 'changed', on: { versionId: '3' } },
    ]);
    expect(sending.sent).toMatchObject([
      {
        ...{ as: GHOST, roomId: ROOM },
        content: { 'm.new_content': { body: '10 E' }, 'm.relates_to': { event_id: '$sent1' } },
      },
    ]);
  });

  test('of which another is the sender now is redacted, and sent by that one', async () => {
    const { fhir, toMatrix, sending, relay } = await sent();
    const other = userId('@_fhir_8:example.org');
    Object.assign(relay, {
      ghostOf: () => Promise.resolve(senderGhost(other, 'A. Bakker')),
    });
    await saveBase(pool(), REQUEST, new Map([[other, ref('Practitioner/8')]]));
    await fhir.put('1', { ...text('100 E'), sender: { reference: 'Practitioner/8' } });
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([
      { as: GHOST, roomId: ROOM, eventId: '$sent1' },
      { as: other, content: { body: '100 E' } },
    ]);
    await fhir.put('1', { ...text('10 E'), sender: { reference: 'Practitioner/8' } });
    await toMatrix('Communication/1');
    expect(sending.sent[2]).toMatchObject({ as: other, content: { 'm.relates_to': { event_id: '$sent3' } } });
  });

  test('and moves to another conversation leaves the first room, and is new in the other', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await makeOtherConversation();
    await fhir.put('1', { ...text('100 E'), partOf: [{ reference: 'CommunicationRequest/9' }] });
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([
      { roomId: ROOM, eventId: '$sent1' },
      { roomId: OTHER, content: { body: '100 E' } },
    ]);
    expect(JSON.stringify(sending.sent[1])).not.toContain('$sent1');
  });

  test('whose room was replaced is redacted there, and new in the room of today', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await pool().query('update room set room_id = $1', [OTHER]);
    await fhir.put('1', text('10 E'));
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ roomId: ROOM, eventId: '$sent1' }, { roomId: OTHER }]);
  });
});

describe('a platform’s message that the platform enters in error', () => {
  const inError = { status: 'entered-in-error' };

  test('is redacted by its ghost, and its edits with it', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await fhir.put('1', text('10 E'));
    await toMatrix('Communication/1');
    await fhir.put('1', inError);
    expect((await toMatrix('Communication/1')).facts).toMatchObject([
      { kind: 'retracted' },
      { kind: 'retracted' },
    ]);
    expect(sending.sent.slice(1)).toMatchObject([
      { as: GHOST, eventId: '$sent1' },
      { as: GHOST, eventId: '$sent2' },
    ]);
  });

  test('is redacted once, however often that is read', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await fhir.put('1', inError);
    await toMatrix('Communication/1');
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'unchanged' });
    await fhir.put('1', { ...inError, note: [{ text: 'sorry' }] });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'unchanged' });
    expect(sending.sent).toHaveLength(1);
  });

  test.each([
    ['names no conversation any more', { ...inError, partOf: [] }],
    ['names no sender any more', { ...inError, sender: undefined }],
    ['has nothing but its status', { ...inError, partOf: [], sender: undefined, payload: [] }],
  ])('and %s is redacted all the same', async (_, over) => {
    const { fhir, toMatrix, sending } = await sent();
    await fhir.put('1', over);
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ as: GHOST, roomId: ROOM, eventId: '$sent1' }]);
  });

  test('is redacted in a closed conversation too, whose members may still read what they saw', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await pool().query(`update room set phase = 'closed'`);
    await fhir.put('1', inError);
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ eventId: '$sent1' }]);
  });

  test('and completed again is sent again, and can be changed again', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await fhir.put('1', inError);
    await toMatrix('Communication/1');
    await fhir.put('1', text('100 E'));
    await toMatrix('Communication/1');
    expect(sending.sent[1]).toMatchObject({ as: GHOST, content: { body: '100 E' } });
    expect(sending.sent[1]).not.toHaveProperty('content.m\\.relates_to');
    await fhir.put('1', text('10 E'));
    await toMatrix('Communication/1');
    expect(sending.sent[2]).toMatchObject({
      content: { 'm.relates_to': { rel_type: 'm.replace', event_id: '$sent3' } },
    });
  });

  test('does not wait for the message that it answered', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await fhir.put('1', { ...inError, inResponseTo: [{ reference: 'Communication/nowhere' }] });
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
    expect(sending.sent).toHaveLength(1);
  });
});

describe('a user’s message', () => {
  test('that a platform corrects is answered by the bot', async () => {
    const { fhir, toMatrix, sending } = await recorded();
    await fhir.put(communicationIdOf(M), text('10 E'));
    await toMatrix(RECORD);
    expect(sending.sent).toMatchObject([
      {
        ...{ as: BOT, roomId: ROOM },
        content: {
          body: 'Changed in the record: 10 E',
          'm.relates_to': { 'm.in_reply_to': { event_id: M } },
        },
      },
    ]);
  });

  test('of which a platform only says whose it is says nothing new: no one is told that it was changed', async () => {
    const { fhir, toFhir, toMatrix, sending } = await createRelayWorld(pool());
    await toFhir({ sender: '@eve:example.org' });
    await fhir.put(communicationIdOf(M), { sender: { reference: 'Practitioner/9' } });
    expect(await toMatrix(RECORD)).toMatchObject({ result: 'unchanged' });
    await fhir.put(communicationIdOf(M), { sender: { reference: 'Practitioner/9' }, ...text('10 E') });
    expect(await toMatrix(RECORD)).toMatchObject({ result: 'done' });
    expect(sending.sent).toMatchObject([{ content: { body: 'Changed in the record: 10 E' } }]);
  });

  test('that a platform enters in error is redacted by the bot, with what the bot said of it', async () => {
    const { fhir, toMatrix, sending } = await recorded();
    await fhir.put(communicationIdOf(M), text('10 E'));
    await toMatrix(RECORD);
    await fhir.put(communicationIdOf(M), { status: 'entered-in-error' });
    await toMatrix(RECORD);
    expect(sending.sent.slice(1)).toMatchObject([
      { as: BOT, eventId: M },
      { as: BOT, eventId: '$sent1' },
    ]);
  });

  test('is not redacted because a copy of its record, with its event id, is in error', async () => {
    const { fhir, toMatrix, sending } = await recorded();
    const identifier = [{ system: 'https://matrix.org/event-id', value: M }];
    await fhir.put('copy', { status: 'entered-in-error', identifier });
    expect(await toMatrix('Communication/copy')).toMatchObject({ result: 'withdrawn' });
    expect(sending.sent).toEqual([]);
  });

  test('is not said again by a copy of its record, whether of what it was or of what it became', async () => {
    const { fhir, relay, toMatrix, sending } = await recorded();
    const identifier = [{ system: 'https://matrix.org/event-id', value: M }];
    const first = await relay.fhir.read(ref(RECORD));
    await fhir.put('copy', { ...first, id: 'copy', identifier });
    expect(await toMatrix('Communication/copy')).toMatchObject({ result: 'known' });
    await fhir.put(communicationIdOf(M), text('10 E'));
    await toMatrix(RECORD);
    const second = await relay.fhir.read(ref(RECORD));
    await fhir.put('later-copy', { ...second, id: 'later-copy', identifier });
    expect(await toMatrix('Communication/later-copy')).toMatchObject({ result: 'known' });
    expect(sending.sent).toHaveLength(1);
  });

  test('keeps no other message from being said that bears its event id', async () => {
    const { fhir, toMatrix, sending } = await recorded();
    const identifier = [{ system: 'https://matrix.org/event-id', value: M }];
    await fhir.put('other', { ...text('1000 E'), identifier });
    await toMatrix('Communication/other');
    expect(sending.sent).toMatchObject([{ content: { body: '1000 E' } }]);
  });

  test('whose event id a message of another conversation bears is not touched: that one is new there', async () => {
    const { fhir, toMatrix, sending } = await recorded();
    await makeOtherConversation();
    const identifier = [{ system: 'https://matrix.org/event-id', value: M }];
    const partOf = [{ reference: 'CommunicationRequest/9' }];
    await fhir.put('copy', { ...text('x'), identifier, partOf });
    await toMatrix('Communication/copy');
    expect(sending.sent).toMatchObject([{ roomId: OTHER, content: { body: 'x' } }]);
    expect(JSON.stringify(sending.sent)).not.toContain(M);
  });
});

describe('an answer', () => {
  const answer = { inResponseTo: [{ reference: 'Communication/1' }] };

  test('waits for what it answers, and then is a reply to it', async () => {
    const { fhir, toMatrix, sending } = await createRelayWorld(pool());
    await fhir.put('2', answer);
    expect(await toMatrix('Communication/2')).toMatchObject({ result: 'held' });
    await fhir.put('1');
    expect((await toMatrix('Communication/1')).next).toMatchObject([
      { payload: { reference: 'Communication/2' } },
    ]);
    await toMatrix('Communication/2');
    expect(sending.sent[1]).toMatchObject({
      content: { 'm.relates_to': { 'm.in_reply_to': { event_id: '$sent1' } } },
    });
  });

  test('to a message that does not come is sent without it, and marked', async () => {
    const { fhir, toMatrix, sending } = await createRelayWorld(pool());
    await fhir.put('2', answer);
    await toMatrix('Communication/2', {}, ['Communication/1']);
    expect(sending.sent).toMatchObject([
      { content: { 'io.github.fhir-matrix-bridge.target_missing': true } },
    ]);
  });

  test('to a message of another conversation does not name it', async () => {
    const { fhir, toMatrix, sending } = await sent();
    await makeOtherConversation();
    await fhir.put('2', { ...answer, partOf: [{ reference: 'CommunicationRequest/9' }] });
    expect(await toMatrix('Communication/2')).toMatchObject({ result: 'held' });
    await toMatrix('Communication/2', {}, ['Communication/1']);
    expect(sending.sent).toMatchObject([
      { roomId: OTHER, content: { 'io.github.fhir-matrix-bridge.target_missing': true } },
    ]);
    expect(JSON.stringify(sending.sent)).not.toContain('$sent1');
  });

  test('to itself waits for nothing', async () => {
    const { fhir, toMatrix } = await createRelayWorld(pool());
    await fhir.put('1', answer);
    expect(await toMatrix('Communication/1')).toMatchObject({ result: 'done' });
  });
});

describe('the time that a platform gives', () => {
  test.each([
    ['in 2031 is not taken', '2031-01-01T00:00:00Z', '2026-11-29T12:00:00Z'],
    ['before the conversation is that of the conversation', '1999-01-01T00:00:00Z', '2025-09-26T09:00:00Z'],
    ['between the two is kept', '2025-10-01T00:00:00Z', '2025-10-01T00:00:00Z'],
  ])('%s', async (_, given, shown) => {
    const { fhir, toMatrix, sending } = await createRelayWorld(pool());
    const request = { resourceType: 'CommunicationRequest', id: '245', authoredOn: '2025-09-26T09:00:00Z' };
    fhir.stored.set(REQUEST, request as never);
    await fhir.put('1', { sent: given });
    await toMatrix('Communication/1');
    expect(sending.sent).toMatchObject([{ timestamp: Date.parse(shown) }]);
  });
});

describe('a version that comes while the bridge itself writes', () => {
  test('waits, and if it is another’s, is carried', async () => {
    const { fhir, toFhir, toMatrix, sending } = await createRelayWorld(pool());
    fhir.loseAnswer();
    await expect(toFhir()).rejects.toThrow('fhir-unavailable');
    await fhir.put(communicationIdOf(M), { status: 'entered-in-error' });
    expect(await toMatrix(RECORD)).toMatchObject({ result: 'held' });
    expect((await toFhir({}, { number: 2 })).next).toMatchObject([{ payload: { reference: RECORD } }]);
    await toMatrix(RECORD);
    expect(sending.sent).toMatchObject([{ as: BOT, eventId: M }]);
  });

  test('waits for no write that was given up: it is carried after a while', async () => {
    const { fhir, toFhir, toMatrix, state, sending } = await recorded();
    fhir.loseAnswer();
    const redaction = { event_id: '$r', type: 'm.room.redaction', content: { redacts: M } };
    await expect(toFhir(redaction)).rejects.toThrow('fhir-unavailable');
    state.now = new Date(Date.now() + 16 * 60_000);
    await fhir.put(communicationIdOf(M), text('10 E'));
    expect(await toMatrix(RECORD)).toMatchObject({ result: 'done' });
    expect(sending.sent).toHaveLength(1);
  });
});
