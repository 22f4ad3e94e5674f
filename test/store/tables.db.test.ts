// The tables besides the inbox, on a real database: who is the same message, who is whom, what was read and said.
import { describe, expect, test } from 'vitest';
import type { RoomAlias } from '../../src/domain/ids.ts';
import * as notices from '../../src/store/notices.ts';
import * as people from '../../src/store/people.ts';
import * as versions from '../../src/store/resource-versions.ts';
import * as rooms from '../../src/store/rooms.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { rowByRoom } from '../builders/leading-world.ts';
import { eventId, roomId, userId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const EVENT = eventId('$e');
const ROOM = roomId('!r:h');

describe('the ledger of versions', () => {
  const version = (reference: string, versionId = '1', lastUpdated = '2025-09-26T09:00:00.000Z') => ({
    reference: ref(reference),
    versionId,
    lastUpdated,
  });

  test('says once which versions are new, in the given order', async () => {
    const [a, b, c] = [
      version('Communication/b'),
      version('Communication/a'),
      version('Communication/b', '2'),
    ];
    expect(await versions.recordRead(pool(), [b, a])).toEqual([b, a]);
    expect(await versions.recordRead(pool(), [c, a, b])).toEqual([c]);
    expect(await versions.recordRead(pool(), [])).toEqual([]);
  });

  test('knows the bridge’s own writes, read before or after', async () => {
    const [before, after, foreign] = [
      version('Communication/1'),
      version('Communication/2'),
      version('Communication/3'),
    ];
    await versions.recordRead(pool(), [before, foreign]);
    await versions.recordWritten(pool(), before);
    await versions.recordWritten(pool(), after);
    expect(await versions.recordRead(pool(), [after])).toEqual([]);
    const own = ({ reference, versionId }: typeof before) =>
      versions.wasWritten(pool(), reference, versionId);
    expect([await own(before), await own(after), await own(foreign)]).toEqual([true, true, false]);
    expect(await versions.wasWritten(pool(), 'Communication/1', '2')).toBe(false);
    expect(await versions.isWritten(pool(), after)).toBe(true);
    expect(await versions.isWritten(pool(), { ...after, lastUpdated: '2026-01-01T00:00:00Z' })).toBe(false);
    expect(await versions.isWritten(pool(), foreign)).toBe(false);
  });

  test('removes old versions by type and time', async () => {
    const old = ['Communication/1', 'CommunicationRequest/1'].map((reference) => version(reference));
    const fresh = [2, 3, 4].map((id) => version(`Communication/${id}`, '1', '2025-09-26T09:00:01.000Z'));
    await versions.recordRead(pool(), [...old, ...fresh]);
    await versions.forgetVersionsBefore(pool(), 'Communication', '2025-09-26T09:00:01.000Z');
    expect(await versions.recordRead(pool(), [...old, ...fresh])).toEqual([old[0]]);
  });

  test('keeps the newest of a type, however old, with those beside them', async () => {
    const at = (id: number, second: number) =>
      version(`Communication/${id}`, '1', `2025-09-26T09:00:0${second}.000Z`);
    const all = [at(1, 1), at(2, 2), at(3, 3), at(4, 3), at(5, 4)];
    await versions.recordRead(pool(), all);
    await versions.forgetVersionsBefore(pool(), 'Communication', '2026-09-26T09:00:00.000Z');
    expect(await versions.findLast(pool(), 'Communication')).toEqual(at(5, 4));
    expect(await versions.recordRead(pool(), all)).toEqual([at(1, 1), at(2, 2)]);
  });
});

describe('people', () => {
  const save = (reference: string, id = '@jan:h') =>
    people.savePeople(pool(), [
      { reference: ref(reference), userId: userId(id), kind: 'user', source: 'telecom' },
    ]);

  test('are found by Matrix user id; the roles of a Practitioner are found as the Practitioner', async () => {
    await save('PractitionerRole/1');
    await save('Practitioner/9');
    await save('PractitionerRole/2');
    expect(await people.findPersonByUserId(pool(), userId('@jan:h'))).toBe('Practitioner/9');
    expect(await people.findPersonByUserId(pool(), userId('@Jan:h'))).toBeUndefined();
  });
});

describe('rooms', () => {
  const REQUEST = ref('CommunicationRequest/1');
  const reserve = (reference = REQUEST) => rooms.reserveRoom(pool(), reference, '#a:h' as RoomAlias);

  test('are reserved once, and count the attempts to create them', async () => {
    expect(await reserve()).toMatchObject({ generation: 0, roomId: undefined, ready: false });
    await rooms.saveRoomId(pool(), REQUEST, ROOM);
    expect(await reserve()).toMatchObject({ roomId: ROOM });
    await rooms.nextGeneration(pool(), REQUEST);
    expect(await reserve()).toMatchObject({ generation: 1, roomId: undefined });
  });

  test('are found by Matrix room; a conversation waits for its subject’s space until it has one', async () => {
    const subject = ref('Patient/1');
    await reserve();
    await rooms.saveRoomId(pool(), REQUEST, ROOM);
    await rooms.saveConversation(pool(), REQUEST, {
      subject,
      careTeam: undefined,
      authoredAt: '2026-03-09T08:30:00.000Z',
    });
    await rooms.saveFirstMessage(pool(), REQUEST, EVENT);
    await rooms.saveReady(pool(), REQUEST);
    expect(await rowByRoom(pool(), ROOM)).toMatchObject({
      reference: REQUEST,
      subject,
      firstMessageEventId: EVENT,
      authoredAt: '2026-03-09T08:30:00.000Z',
      ready: true,
    });
    expect(await rooms.findUnlinkedConversations(pool(), subject)).toEqual([REQUEST]);
    await rooms.saveConversation(pool(), REQUEST, {
      subject,
      careTeam: ref('CareTeam/1'),
      authoredAt: undefined,
    });
    expect(await rooms.findUnlinkedConversations(pool(), subject)).toEqual([]);
  });
});

test('when a notice was last sent is known per person, room and reason', async () => {
  const notice = { roomId: ROOM, about: userId('@jan:h'), reason: 'unmapped-sender' as const };
  const [first, second] = [new Date('2026-11-29T12:00:00Z'), new Date('2026-11-29T12:05:00Z')];
  expect(await notices.lastSaid(pool(), notice)).toBeUndefined();
  await notices.saveSaid(pool(), notice, first);
  expect(await notices.lastSaid(pool(), notice)).toEqual(first);
  await notices.saveSaid(pool(), notice, second);
  expect(await notices.lastSaid(pool(), notice)).toEqual(second);
  expect(await notices.lastSaid(pool(), { ...notice, reason: 'not-filed' })).toBeUndefined();
  expect(await notices.lastSaid(pool(), { ...notice, about: userId('@anna:h') })).toBeUndefined();
});
