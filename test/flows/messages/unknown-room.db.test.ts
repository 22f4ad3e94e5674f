// An event of a room that the database does not name, because the bridge died or the database was restored, on real tables.
import { describe, expect, test } from 'vitest';
import { ROOM_MARKER_KEY } from '../../../src/domain/matrix.ts';
import { medplumThreads } from '../../../src/mapping/threads/medplum.ts';
import { saveCursor } from '../../../src/store/cursors.ts';
import { findOpen, noteRestoration, saveReconciled } from '../../../src/store/restorations.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { roomId } from '../../builders/matrix.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const event = { room_id: roomId('!unknown:example.org') };
const LONG_AGO = new Date('2026-11-29T10:59:59Z');
const MADE_BY_BRIDGE = { [ROOM_MARKER_KEY]: 'marker' };

/** @param making the content of the event by which the room was made; undefined where the bot is not in the room */
async function worldWith(making: Record<string, unknown> | undefined) {
  const world = await createRelayWorld(pool());
  Object.assign(world.relay.homeserver, {
    stateEvent: () =>
      making === undefined
        ? Promise.reject(new BridgeError('matrix-refused', 'read state event: 403'))
        : Promise.resolve(making),
  });
  return world;
}
const result = async (making: Record<string, unknown> | undefined, receivedAt?: Date) =>
  (await (await worldWith(making)).toFhir(event, {}, [], receivedAt)).result;
const reserve = () =>
  pool().query(`insert into room (reference, alias) values ('CommunicationRequest/7', '#b:example.org')`);
const restore = () => noteRestoration(pool(), 'database');
const endComparing = async () => {
  for (const { what, noticedAt } of await findOpen(pool()))
    await saveReconciled(pool(), { what, noticedAt }, undefined);
};
const readAgain = () => saveCursor(pool(), 'fhir:CommunicationRequest', '2026-11-29T12:00:00.000Z');
const SUCCESSOR = { predecessor: { room_id: '!before:example.org' } };
const holdBefore = () => pool().query(`update room set room_id = '!before:example.org'`);
const fillLane = () =>
  pool().query(
    `insert into lane (key, tail, ready_at) values ('to-matrix:CommunicationRequest/7', 1, now())`,
  );

describe('waits', () => {
  test.each([
    ['while a room is being made', [reserve]],
    ['while a conversation without a room has something to do', [fillLane]],
    ['until all is compared after the database was restored', [restore, readAgain]],
    ['and until all is read again', [restore, endComparing]],
  ])('%s', async (_, steps) => {
    for (const step of steps) await step();
    expect(await result(MADE_BY_BRIDGE)).toBe('later');
  });

  test('where the room is to replace one in which the bridge is, whose tombstone is not handled yet', async () => {
    const { toFhir } = await worldWith(SUCCESSOR);
    await holdBefore();
    expect(await toFhir(event)).toMatchObject({ result: 'later' });
  });

  test('and is recorded when the room is known again', async () => {
    const { fhir, toFhir } = await worldWith(MADE_BY_BRIDGE);
    await restore();
    expect(await toFhir(event)).toMatchObject({ result: 'later' });
    await pool().query('update room set room_id = $1', [event.room_id]);
    expect(await toFhir(event)).toMatchObject({ result: 'done' });
    expect(fhir.stored.size).toBe(1);
  });
});

describe('means nothing', () => {
  test.each([
    ['of a room that users made', {}, undefined],
    ['of a room that the bot has left', undefined, undefined],
    ['of a room that claims to replace one that is none of the bridge', SUCCESSOR, undefined],
    ['that came long ago', MADE_BY_BRIDGE, LONG_AGO],
  ])('%s', async (_, making, receivedAt) => {
    await reserve();
    expect(await result(making, receivedAt)).toBe('not-a-conversation');
  });

  test('where no room is missing', async () => {
    expect(await result(MADE_BY_BRIDGE)).toBe('not-a-conversation');
  });

  test('when all was compared and read again, where the headers of conversations are Communications', async () => {
    await restore();
    await endComparing();
    await saveCursor(pool(), 'fhir:Communication', '2026-11-29T12:00:00.000Z');
    const { relay, toFhir } = await worldWith(MADE_BY_BRIDGE);
    Object.assign(relay, { thread: medplumThreads });
    expect(await toFhir(event)).toMatchObject({ result: 'not-a-conversation' });
  });

  test('when all was compared and read again', async () => {
    await restore();
    await endComparing();
    await readAgain();
    expect(await result(MADE_BY_BRIDGE)).toBe('not-a-conversation');
  });
});
