// From a room to the FHIR server, on real tables: written once, linked before, in order, and said to whom it concerns.
import { describe, expect, test } from 'vitest';
import { eventItem } from '../../../src/flows/items/event.ts';
import { waitFor } from '../../../src/flows/items/waiting.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import * as formerRooms from '../../../src/store/former-rooms.ts';
import { findLinks } from '../../../src/store/message-links.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { eventId, message, roomId } from '../../builders/matrix.ts';
import { committed, createRelayWorld, REQUEST, ROOM } from '../../builders/relay-world.ts';
import { scripted } from '../../builders/scripted-kind.ts';
import { enqueue } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const EVENT = eventId('$event:example.org');
const KNOWN = 'Communication/m-8e3e260cfed508edde3345522a73bf281cc9bd92eec';

const linksOf = (id = EVENT) => findLinks(pool(), { eventIds: [id] });
const script = (effect: string, target?: string) => ({
  content: { msgtype: 'test.scripted', effect, target },
});

describe('a message', () => {
  test('is written once, and known by its link whichever side asks', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    expect(await toFhir()).toMatchObject({ result: 'done', next: [] });
    expect(await toFhir()).toMatchObject({ result: 'known' });
    expect(fhir.writes).toEqual([`create ${KNOWN}`]);
    expect(await linksOf()).toMatchObject([
      { origin: 'matrix', kind: 'text', cause: EVENT, communication: KNOWN, completed: true },
    ]);
  });

  test('has its link before it is written, so that its echo is known', async () => {
    const { toFhir, fhir, relay } = await createRelayWorld(pool());
    const seen: unknown[] = [];
    const createOnce = relay.fhir.createOnce.bind(relay.fhir);
    Object.assign(relay.fhir, {
      createOnce: async (...given: Parameters<typeof createOnce>) => {
        seen.push(...(await linksOf()));
        return createOnce(...given);
      },
    });
    await toFhir();
    expect(seen).toMatchObject([{ communication: KNOWN, completed: false }]);
    expect(fhir.writes).toHaveLength(1);
  });

  test('whose answer was lost is written once all the same', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    fhir.loseAnswer();
    await expect(toFhir()).rejects.toThrow('fhir-unavailable');
    expect(await toFhir({}, { number: 2 })).toMatchObject({ result: 'done' });
    expect(fhir.writes).toEqual([`create ${KNOWN}`]);
  });

  test('tells what happened, by whom, and on which version', async () => {
    const { toFhir } = await createRelayWorld(pool());
    expect((await toFhir()).facts).toEqual([
      {
        kind: 'created',
        by: { person: 'Practitioner/7', userId: '@nurse:example.org' },
        on: { reference: KNOWN, versionId: '1' },
        ...{ direction: 'to-fhir', roomId: ROOM, eventId: EVENT, at: 1758879015250 },
        ...{ subject: 'Patient/12', conversation: { reference: REQUEST } },
      },
    ]);
  });

  test('by somebody whom FHIR does not know is recorded, and they are told', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    const { result, next } = await toFhir({ sender: '@stranger:elsewhere.example' });
    expect(result).toBe('done');
    expect(next.map(({ payload }) => payload)).toMatchObject([{ kind: 'notice', reason: 'unmapped-sender' }]);
    expect([...fhir.stored.values()][0]).toMatchObject({
      sender: { identifier: { value: 'matrix:u/stranger:elsewhere.example' } },
    });
  });
});

describe('what is not a message of a conversation is ignored', () => {
  test.each([
    ['own-message', { sender: '@_fhir_7:example.org' }],
    ['not-a-conversation', { room_id: '!elsewhere:example.org' }],
    ['not-a-message', { type: 'm.call.candidates', content: { candidates: [] } }],
  ])('%s', async (reason, over) => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    expect(await toFhir(over)).toMatchObject({ result: reason, next: [] });
    expect(fhir.writes).toEqual([]);
  });

  test.each([
    [
      'in a room that is nothing to the bridge is not kept, but that it came',
      '!elsewhere:example.org',
      false,
    ],
    ['in the room of a conversation is', ROOM, true],
  ])('what is said %s', async (_, room, kept) => {
    const { toFhir } = await createRelayWorld(pool());
    const event = message({ room_id: room });
    await inTransaction(pool(), (tx) => enqueue(tx, [eventItem(event)]));
    await toFhir(event);
    const { rows } = await pool().query<object>('select source_id, payload from item');
    expect(rows).toEqual([{ source_id: event.event_id, payload: kept ? eventItem(event).payload : {} }]);
  });

  test('a reaction is not carried, and its sender is told', async () => {
    const { toFhir } = await createRelayWorld(pool());
    await toFhir();
    const relation = { rel_type: 'm.annotation', event_id: message().event_id, key: '👍' };
    const content = { 'm.relates_to': relation };
    const { result, next } = await toFhir({ event_id: '$reaction', type: 'm.reaction', content });
    expect(result).toBe('unsupported-event');
    expect(next.map(({ payload }) => payload)).toMatchObject([
      { kind: 'message-notice', reason: 'unsupported-event', eventId: '$reaction' },
      { kind: 'send-status', failure: 'unsupported-event', eventId: '$reaction' },
    ]);
  });
});

describe('a call', () => {
  const at = message().origin_server_ts;
  const call = (id: string, type: string, over: object = {}) => ({
    ...{ event_id: id, type, content: { notification_type: 'ring' } },
    ...over,
  });

  test('that the program of the caller tells in two forms is one record, whichever comes first', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    await toFhir(call('$old', 'org.matrix.msc4075.call.notify'));
    expect(await toFhir(call('$new', 'm.rtc.notification', { origin_server_ts: at - 40 }))).toMatchObject({
      ...{ result: 'known', next: [] },
    });
    expect(fhir.writes).toHaveLength(1);
  });

  test.each([
    ['by another at the same time', { sender: '@doctor:example.org' }],
    ['a minute later', { origin_server_ts: at + 60_000 }],
  ])('%s is another', async (_, over) => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    await toFhir(call('$1', 'm.call.invite'));
    await toFhir(call('$2', 'm.call.invite', over));
    expect(fhir.writes).toHaveLength(2);
  });
});

describe('what was said in a room that was replaced', () => {
  const replace = async () => {
    const former = { roomId: roomId('!old:example.org'), reference: REQUEST, replacement: ROOM };
    await formerRooms.saveFormerRoom(pool(), former);
    await formerRooms.saveFollowed(pool(), former);
  };
  const said = (ms: number) => ({ room_id: '!old:example.org', origin_server_ts: Date.now() + ms });

  test('is recorded if it was said before, and handled late', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    await replace();
    expect(await toFhir(said(-60_000))).toMatchObject({ result: 'done' });
    expect(fhir.writes).toHaveLength(1);
  });

  test('is not recorded if it was said after, and its sender is told', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool());
    await replace();
    const { result, next } = await toFhir(said(60_000));
    expect(result).toBe('room-replaced');
    expect(next.map(({ payload }) => payload)).toMatchObject([
      { kind: 'notice', reason: 'room-replaced' },
      { kind: 'send-status', failure: 'room-replaced' },
    ]);
    expect(fhir.writes).toEqual([]);
  });
});

describe('a message that refers to another', () => {
  const kinds = [scripted, ...KINDS];
  const TARGET = '$target:example.org';

  test('waits until that was carried, and goes on with what else waited, in order', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool(), kinds);
    const later = eventId('$later:example.org');
    expect(await toFhir(script('one', TARGET))).toMatchObject({ result: 'held', next: [] });
    expect(await toFhir({ ...script('one', TARGET), event_id: later })).toMatchObject({ result: 'held' });
    expect(fhir.writes).toEqual([]);
    const { next } = await toFhir({ event_id: TARGET });
    expect(next).toMatchObject([
      { lane: `to-fhir:${ROOM}`, source: 'waited', payload: { event: EVENT } },
      { lane: `to-fhir:${ROOM}`, source: 'waited', payload: { event: later } },
    ]);
    expect(await toFhir(script('one', TARGET))).toMatchObject({ result: 'done' });
  });

  test('that is carried at that very moment goes on at once', async () => {
    const { relay } = await createRelayWorld(pool(), kinds);
    const item = { about: EVENT, lane: 'lane', payload: { event: EVENT } };
    const waits = waitFor(relay.store, eventId(TARGET), item, () => Promise.resolve(true));
    expect((await committed(pool(), waits)).next).toMatchObject([
      { lane: 'lane', payload: { event: EVENT } },
    ]);
  });

  test('may change it: a new version of the same Communication, once', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool(), kinds);
    await toFhir({ event_id: TARGET });
    const change = script('change', TARGET);
    expect((await toFhir(change)).facts).toMatchObject([{ kind: 'changed', on: { versionId: '2' } }]);
    expect(await toFhir(change)).toMatchObject({ result: 'known' });
    expect(fhir.writes.map((write) => write.split(' ')[0])).toEqual(['create', 'update']);
    expect([...fhir.stored.values()]).toMatchObject([{ status: 'stopped' }]);
  });

  test('a change whose answer was lost is not made again', async () => {
    const { toFhir, fhir } = await createRelayWorld(pool(), kinds);
    await toFhir({ event_id: TARGET });
    fhir.loseAnswer();
    await expect(toFhir(script('change', TARGET))).rejects.toThrow('fhir-unavailable');
    expect(await toFhir(script('change', TARGET), { number: 2 })).toMatchObject({ result: 'done' });
    expect(fhir.writes).toHaveLength(2);
  });
});

test('an event with two records goes on with the second when the first was written', async () => {
  const { toFhir, fhir } = await createRelayWorld(pool(), [scripted]);
  fhir.loseAnswer();
  await expect(toFhir(script('two'))).rejects.toThrow('fhir-unavailable');
  expect(await toFhir(script('two'), { number: 2 })).toMatchObject({ result: 'done' });
  expect(fhir.writes).toHaveLength(2);
  expect(await linksOf()).toMatchObject([
    { part: 0, completed: true },
    { part: 1, completed: true },
  ]);
});
