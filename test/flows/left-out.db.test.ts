// What comes in and is none of the bridge's business leaves nothing behind; what may become its business is stored.
import { describe, expect, test } from 'vitest';
import { structureLane } from '../../src/mapping/lanes.ts';
import { SETTINGS } from '../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { ref, stored } from '../builders/fhir.ts';
import { createIntakeScene, shown, synced } from '../builders/intake-scene.ts';
import { message, roomId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
/** Of another organisation, and of no conversation. */
const THEIRS = '!theirs:other.example';
const createScene = (settings = SETTINGS) => createIntakeScene(pool(), settings);

describe('of a room that the bridge does not serve', () => {
  const GHOST = '@_fhir_1:example.org';
  const said = message({ room_id: THEIRS, event_id: '$said' });
  const topic = message({
    ...{ room_id: THEIRS, event_id: '$topic', type: 'm.room.topic', state_key: '' },
    content: { topic: 'secret' },
  });
  const membership = (user: string, how: string) =>
    message({
      ...{ room_id: THEIRS, event_id: `$${how}`, sender: '@nurse:other.example' },
      ...{ type: 'm.room.member', state_key: user, content: { membership: how } },
    });
  const arrivals = async () =>
    (
      await pool().query<{ event_id: string }>('select event_id from matrix_arrival order by arrival')
    ).rows.map((row) => row.event_id);

  test('a push leaves nothing, and wakes nobody', async () => {
    const { push, rings, synced: pass } = createScene();
    await push({ events: [said, topic, membership('@nurse:other.example', 'join')] });
    expect(await arrivals()).toEqual([]);
    expect(rings()).toBe(0);
    await pass(synced);
    expect((await pool().query('select from item')).rowCount).toBe(0);
  });

  test.each([GHOST, SETTINGS.bot])(
    'an invitation of %s is stored, and what comes behind it',
    async (user) => {
      const { push } = createScene();
      await push({ events: [said, membership(user, 'invite'), topic] });
      expect(await arrivals()).toEqual(['$invite', '$topic']);
    },
  );

  test('what comes while an earlier event is not handled is stored: it may make a conversation of the room', async () => {
    const { push, synced: pass } = createScene();
    await push({ events: [membership(GHOST, 'invite')] });
    await pass(synced);
    await push({ events: [said] });
    expect(await arrivals()).toEqual(['$said']);
  });

  test.each([
    ['a room', `room (reference, alias, room_id) values ('CommunicationRequest/2', '', $1)`],
    ['one that was replaced', `former_room values ($1, 'CommunicationRequest/2', '!next')`],
    ['one that is to replace another', `former_room values ('!before', 'CommunicationRequest/2', $1)`],
    ['one that is adopted', `adopted_room values ($1, 'CareTeam/1', '@nurse:example.org')`],
    ['one that a ghost was invited to', `invitation values ($1, '@ghost', '$j', '@nurse', 'Patient/1')`],
    ['one that is behind', `room_behind (room_id, position) values ($1, 's1')`],
  ])('but %s of the bridge is served', async (_, row) => {
    await pool().query(`insert into ${row}`, [THEIRS]);
    const { push } = createScene();
    await push({ events: [said] });
    expect(await arrivals()).toEqual(['$said']);
  });

  test.each([
    ['wakes the reader of what push alone has brought', [], 1],
    ['does not wake it where it showed all', [said], 0],
  ])('the last page of a room that was behind %s', async (_, events, woken) => {
    const room = { roomId: roomId(THEIRS), position: 's1', shown: '1' };
    await pool().query(`insert into room_behind (room_id, position) values ($1, 's1')`, [THEIRS]);
    const { push, rings, readOn } = createScene();
    await push({ events: [said] });
    const before = rings();
    await readOn({ room, roomId: room.roomId, events, setAside: [], next: undefined });
    expect(rings() - before).toBe(woken);
  });

  test('what was left out is stored when `/sync` shows it in a room that has become one', async () => {
    const { push, synced: pass } = createScene();
    await push({ events: [said] });
    await pass(shown([said]));
    expect(await itemsIn(pool(), `to-fhir:${THEIRS}`)).toEqual(['$said']);
  });
});

describe('a Communication that names no conversation', () => {
  const AT = '2024-04-10T10:00:00.000Z';
  const EVENT_ID = { system: 'https://matrix.org/event-id', value: '$sent' };
  const letter = stored('Communication/letter', '1', AT, { status: 'completed' });
  const OFF = { ...SETTINGS, reportFailures: 'off' as const };
  const rows = async (table: string) => (await pool().query(`select from ${table}`)).rowCount;

  test('leaves no item and no lane where platforms are not told of such', async () => {
    expect(await createScene(OFF).pulled('Communication', [letter])).toBe(1);
    expect([await rows('item'), await rows('lane')]).toEqual([0, 0]);
  });

  test('is stored where they are told', async () => {
    await createScene().pulled('Communication', [letter]);
    expect(await rows('item')).toBe(1);
  });

  test.each([
    ['by its reference', `'Communication/letter', null`, letter],
    ['by its event', `null, '$sent'`, stored('Communication/letter', '1', AT, { identifier: [EVENT_ID] })],
  ])('is stored where it was carried before, %s', async (_, link, resource) => {
    await pool().query(`insert into message_link (origin, cause, kind, room_id, communication, event_id)
      values ('fhir', 'cause', 'text', '!r', ${link})`);
    await createScene(OFF).pulled('Communication', [resource]);
    expect(await rows('item')).toBe(1);
  });

  test('is stored with the version that names one', async () => {
    const { pulled } = createScene(OFF);
    await pulled('Communication', [letter]);
    const partOf = [{ reference: 'CommunicationRequest/1' }];
    await pulled('Communication', [stored('Communication/letter', '2', AT, { partOf })]);
    expect(await itemsIn(pool(), structureLane(ref('CommunicationRequest/1')))).toHaveLength(1);
  });
});
