// What comes in, on a real database: events whole, receipts behind what they refer to.
import { beforeEach, describe, expect, test } from 'vitest';
import { matrixEventSchema } from '../../src/matrix/event-schema.ts';
import { medplumThreads } from '../../src/mapping/threads/medplum.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { readStateLane, structureLane } from '../../src/mapping/lanes.ts';
import { SETTINGS } from '../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { ref, stored } from '../builders/fhir.ts';
import { createIntakeScene, shown, synced } from '../builders/intake-scene.ts';
import { inviteGhost } from '../builders/invited-ghost.ts';
import { eventId, message, roomId, userId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
/** A ghost was invited to it, and the bot is not in it. */
const ROOM = '!room:example.org';

beforeEach(async () => {
  await inviteGhost(pool(), ROOM);
});

const createScene = (settings = SETTINGS, profile = thread) => createIntakeScene(pool(), settings, profile);

const storedEvents = async () =>
  (await pool().query<{ payload: { event: object } }>('select payload from item')).rows.map(
    ({ payload }) => payload.event,
  );

describe('an event lies in the log as the homeserver sent it, with fields that this version does not know', () => {
  const event = {
    ...message({ room_id: ROOM }),
    redacts: '$other',
    unsigned: { age: 7, 'org.example': [1, { deep: null }] },
    'org.example.unknown': 'kept',
    content: { 'm.relates_to': { rel_type: 'm.thread', event_id: '$root' }, body: 'x' },
  };

  test('pushed', async () => {
    const { push, synced: pass } = createScene();
    await push({ events: [event] });
    await pass(synced);
    expect(await storedEvents()).toEqual([event]);
  });

  test('synced', async () => {
    await createScene().synced(shown([matrixEventSchema.parse(event)]));
    expect(await storedEvents()).toEqual([event]);
  });
});

const NO_READ_STATE = { ...SETTINGS, readState: { ...SETTINGS.readState, engine: 'off' as const } };

test('of a push only events are stored: no receipt, which `/sync` shows behind what it refers to, no typing, nothing for a device', async () => {
  const ephemeral = ['m.receipt', 'm.typing', 'm.presence'].map((type) => ({
    ...{ type, room_id: ROOM, content: {} },
  }));
  const toDevice = { type: 'm.x', sender: '@a:h', to_user_id: '@_fhir_1:example.org', content: {} };
  await createScene().push({ events: [], ephemeral, to_device: [toDevice] });
  expect((await pool().query('select from item')).rows).toHaveLength(0);
  expect((await pool().query('select from lane')).rows).toHaveLength(0);
});

describe('a push wakes the reader', () => {
  const GHOST = '@_fhir_1:example.org';
  const receiptOf = (user: string) => ({
    ...{ type: 'm.receipt', room_id: ROOM },
    content: { $1: { 'm.read': { [user]: { ts: 1 } } } },
  });
  const join = (user: string) => ({
    ...{ type: 'm.room.member', sender: user, state_key: user, content: { membership: 'join' } },
  });

  test.each<[string, boolean, object, typeof SETTINGS?]>([
    ['with an event of somebody', true, { events: [message()] }],
    ['not with events of the bridge’s own ghosts', false, { events: [message({ sender: GHOST })] }],
    ['not with a ghost that joins', false, { events: [message(join(GHOST))] }],
    [
      'with the bot that is let into a room: the room waits for it',
      true,
      { events: [message(join(SETTINGS.bot))] },
    ],
    [
      'with one event of somebody among own ones',
      true,
      { events: [message({ sender: GHOST }), message({ event_id: '$2' })] },
    ],
    ['with a receipt of somebody', true, { ephemeral: [receiptOf('@nurse:example.org')] }],
    ['not with a receipt of a ghost', false, { ephemeral: [receiptOf(GHOST)] }],
    [
      'not with a receipt where read state is off',
      false,
      { ephemeral: [receiptOf('@nurse:example.org')] },
      NO_READ_STATE,
    ],
    [
      'not with typing',
      false,
      { ephemeral: [{ type: 'm.typing', room_id: ROOM, content: { user_ids: ['@nurse:example.org'] } }] },
    ],
    ['not with a to-device message', false, { to_device: [{ type: 'm.x', to_user_id: GHOST, content: {} }] }],
    ['not with nothing', false, {}],
  ])('%s', async (_, wakes, body, settings = SETTINGS) => {
    const { push, rings } = createScene(settings);
    await push({ events: [], ...body });
    expect(rings()).toBe(wakes ? 1 : 0);
  });

  test('not with what the reader has brought already', async () => {
    const { push, synced: pass, rings } = createScene();
    await pass(shown([message()]));
    await push({ events: [message()] });
    expect(rings()).toBe(0);
  });

  test('but what ghosts change is stored too, in its place in the order of the room; what they say is known already', async () => {
    const { push, synced: pass } = createScene();
    const said = message({ event_id: '$said', sender: GHOST });
    const changed = message({ event_id: '$changed', sender: GHOST, type: 'm.room.name', state_key: '' });
    await push({ events: [said, changed] });
    await pass(shown([{ ...said, room_id: roomId(ROOM) }]));
    expect(await itemsIn(pool(), `to-fhir:${ROOM}`)).toEqual(['$changed']);
  });
});

describe('synced receipts', () => {
  const receipt = (user: string, event: string) => ({
    roomId: roomId(ROOM),
    userId: userId(user),
    eventId: eventId(event),
    readAt: new Date('2026-11-29T12:00:00Z'),
  });
  const waiting = async () =>
    (await pool().query('select user_id, event_id from receipt order by user_id, event_id'))
      .rows as unknown[];
  const lanes = async () =>
    (await pool().query<{ key: string }>('select key from lane order by key')).rows.map(({ key }) => key);

  test('wait, each once, with an item for each reader and room', async () => {
    const { synced: pass } = createScene();
    const receipts = [receipt('@a:h', '$1'), receipt('@a:h', '$2'), receipt('@b:h', '$2')];
    await pass({ ...synced, receipts });
    await pass({ ...synced, receipts, position: '2' });
    expect(await waiting()).toEqual([
      { user_id: '@a:h', event_id: '$1' },
      { user_id: '@a:h', event_id: '$2' },
      { user_id: '@b:h', event_id: '$2' },
    ]);
    expect(await lanes()).toHaveLength(2);
  });

  test('of the bridge’s own ghosts are not stored: they would come back as readings', async () => {
    await createScene().synced({ ...synced, receipts: [receipt('@_fhir_7:example.org', '$1')] });
    expect(await waiting()).toEqual([]);
    expect(await lanes()).toEqual([]);
  });

  test('are not stored where read state is off', async () => {
    await createScene(NO_READ_STATE).synced({ ...synced, receipts: [receipt('@a:h', '$1')] });
    expect(await waiting()).toEqual([]);
  });
});

describe('of threads of Medplum', () => {
  const AT = '2024-04-10T10:00:00.000Z';
  const partOf = [{ reference: 'Communication/t' }];
  const header = stored('CommunicationRequest/t', '1', AT, { status: 'active' });
  const sent = { status: 'in-progress', partOf, payload: [{ contentString: 'x' }] };
  const read = { sender: { reference: 'Patient/h' }, recipient: [{ reference: 'Practitioner/a' }] };
  const THREAD = ref('CommunicationRequest/t');

  test('the header and its messages go into one lane, and what belongs to no thread into none', async () => {
    const { pulled } = createScene(SETTINGS, medplumThreads);
    const letter = stored('Communication/letter', '1', AT, { ...sent, partOf: undefined });
    await pulled('Communication', [header, stored('Communication/m', '1', AT, sent), letter]);
    expect(await itemsIn(pool(), structureLane(THREAD))).toEqual([
      'CommunicationRequest/t/1@2024-04-10T10:00:00.000Z',
      'Communication/m/1@2024-04-10T10:00:00.000Z',
    ]);
    expect((await pool().query('select from item')).rowCount).toBe(2);
  });

  test('a message that was read says so besides, but not where read state is off', async () => {
    const completed = stored('Communication/m', '2', AT, { ...sent, ...read, status: 'completed' });
    const off = { ...SETTINGS, readState: { ...SETTINGS.readState, engine: 'off' as const } };
    await createScene(off, medplumThreads).pulled('Communication', [completed]);
    expect(await itemsIn(pool(), readStateLane(THREAD))).toEqual([]);
    const again = stored('Communication/m', '3', AT, { ...sent, ...read, status: 'completed' });
    await createScene(SETTINGS, medplumThreads).pulled('Communication', [again]);
    expect(await itemsIn(pool(), readStateLane(THREAD))).toEqual([
      'Communication/m/3@2024-04-10T10:00:00.000Z Practitioner/a',
    ]);
  });

  test('the reader of Communications forgets old versions of both', async () => {
    const { pulledAsKnown, pulledUpTo } = createScene(SETTINGS, medplumThreads);
    const LATER = '2024-04-10T13:00:00.000Z';
    const newest = ['a', 'b', 'c'].flatMap((id) => [
      stored(`Communication/${id}`, '1', LATER, sent),
      { ...header, id, meta: { ...header.meta, lastUpdated: LATER } },
    ]);
    await pulledAsKnown([header, stored('Communication/m', '1', AT, sent), stored('CareTeam/c', '1', AT)]);
    await pulledAsKnown(newest);
    await pulledUpTo('Communication', '2024-04-11T00:00:00.000Z', undefined);
    const left = async () => (await pool().query('select from resource_version')).rowCount;
    expect(await left()).toBe(3 + newest.length);
    await pulledUpTo('Communication', '2024-04-11T00:00:00.000Z', '2024-04-10T12:00:00.000Z');
    expect(await left()).toBe(1 + newest.length);
  });
});

describe('one thing that cannot be stored is set aside, and all others are stored', () => {
  const levels = JSON.parse(`${'['.repeat(2_500)}${']'.repeat(2_500)}`) as unknown;
  const AT = '2024-04-10T10:00:00.000Z';
  /** Code that takes it for a text throws. */
  const NO_TEXT = { toString: 1, valueOf: 1 };
  const setAside = async () =>
    (
      await pool().query<{ source_id: string; payload: object }>(
        `select source_id, payload from item where source = 'set-aside' order by source_id`,
      )
    ).rows.map((row) => [row.source_id, row.payload]);
  const told = (what: string, reason: string) => ({ kind: 'set-aside', what, reason });
  const inLane = (lane: string) => itemsIn(pool(), lane);

  test('an event of 2,500 levels in a pushed transaction', async () => {
    const { push, synced: pass } = createScene();
    const event = message({ room_id: ROOM, event_id: '$good' });
    await push({ events: [{ ...event, event_id: '$deep', content: { levels } }, event] });
    await pass(synced);
    expect(await inLane(`to-fhir:${ROOM}`)).toEqual(['$good']);
    expect(await setAside()).toEqual([['matrix.event $deep', told('matrix.event', 'too-deep')]]);
  });

  test('an event that /sync shows, once however often it is seen', async () => {
    const { synced: pass } = createScene();
    const found = shown([message({ room_id: ROOM })], [{ id: '$deep', reason: 'too-deep' }]);
    expect(await pass(found)).toBe(2);
    expect(await pass({ ...found, position: '2' })).toBe(0);
    expect(await setAside()).toHaveLength(1);
  });

  test.each([
    ['too long', `!${'x'.repeat(4000)}`],
    ['with a NUL', '!x\0:h'],
  ])('an event of a room whose id is %s', async (_, room) => {
    const { synced: pass } = createScene();
    const [odd, event] = [room, ROOM].map((id) => message({ room_id: id, event_id: `$in${id.length}` }));
    if (odd === undefined || event === undefined) throw new TypeError('Expected two events');
    await pass(shown([odd, event]));
    expect(await inLane(`to-fhir:${ROOM}`)).toEqual([event.event_id]);
    expect(await setAside()).toEqual([[`matrix.event ${odd.event_id}`, told('matrix.event', 'id-unusable')]]);
  });

  test.each([
    ['too long', roomId(`!${'x'.repeat(4000)}`)],
    ['with a NUL', roomId('!x\0:h')],
  ])('a room that is behind whose id is %s, and a receipt there', async (_, odd) => {
    const receipt = { roomId: odd, userId: userId('@a:h'), eventId: eventId('$1'), readAt: new Date(1) };
    const found = { ...shown([message({ room_id: ROOM })]), behind: [odd], receipts: [receipt] };
    await createScene().synced(found);
    expect(await inLane(`to-fhir:${ROOM}`)).toHaveLength(1);
    expect(await setAside()).toMatchObject([[expect.anything(), told('matrix.event', 'id-unusable')]]);
  });

  test.each([
    ['an element that is none', { partOf: [null] }],
    ['a list that is none', { partOf: 7 }],
    ['a reference that is no text', { partOf: [{ reference: NO_TEXT }] }],
  ])('a Communication with %s', async (_, over) => {
    const good = stored('Communication/good', '1', AT, { partOf: [{ reference: 'CommunicationRequest/1' }] });
    const bad = stored('Communication/bad', '3', AT, over);
    await createScene().pulled('Communication', [bad, good]);
    expect(await inLane(structureLane(ref('CommunicationRequest/1')))).toEqual([
      'Communication/good/1@2024-04-10T10:00:00.000Z',
    ]);
    expect(await setAside()).toEqual([
      ['fhir.change Communication/bad/3', told('fhir.change', 'unreadable')],
    ]);
  });

  test('a Task that is not what its type says', async () => {
    const bad = stored('Task/bad', '1', AT, {
      ...{ status: 'completed', intent: 'order', owner: { reference: NO_TEXT } },
    });
    const good = stored('Task/good', '1', AT, {
      ...{ status: 'completed', intent: 'order', owner: { reference: 'Patient/1' } },
      basedOn: [{ reference: 'CommunicationRequest/1' }],
      code: { coding: [{ system: 'https://medplum.com/task-codes', code: 'read-receipt' }] },
    });
    await createScene().pulledReports([bad, good]);
    expect(await inLane(readStateLane(ref('CommunicationRequest/1')))).toEqual([
      'Task/good/1@2024-04-10T10:00:00.000Z',
    ]);
    expect(await setAside()).toEqual([['fhir.read Task/bad/1', told('fhir.read', 'unreadable')]]);
  });

  test('what a page holds in the place of resources, by its id or its place', async () => {
    await createScene().pulledMalformed('Communication', [{ id: 'bad' }, { id: undefined }], 'from then');
    expect((await setAside()).map(([id]) => id)).toEqual([
      'fhir.change Communication bad',
      'fhir.change Communication from then',
    ]);
  });

  test('an id that could say something of somebody is told by its digest', async () => {
    const found = shown([message()], [{ id: 'Mevrouw Jansén', reason: 'malformed' }]);
    await createScene().synced(found);
    expect(JSON.stringify(await setAside())).not.toContain('Jans');
  });
});
