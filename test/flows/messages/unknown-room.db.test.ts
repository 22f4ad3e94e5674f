// An event of a room that the database does not name, because the bridge died or the database was restored, on real tables.
import { describe, expect, test } from 'vitest';
import { ROOM_MARKER_KEY } from '../../../src/domain/matrix.ts';
import { noteRestoration, saveReconciled } from '../../../src/store/restorations.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { roomId } from '../../builders/matrix.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const event = { room_id: roomId('!unknown:example.org') };
const LONG_AGO = new Date(Date.now() - 5 * 60_000);
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
const result = async (making: Record<string, unknown> | undefined, receivedAt: Date) =>
  (await (await worldWith(making)).toFhir(event, {}, [], receivedAt)).result;

describe('waits', () => {
  test('for the record of a room that the bridge made just before', async () => {
    expect(await result(MADE_BY_BRIDGE, new Date())).toBe('later');
  });

  test('until all is compared after the database was restored', async () => {
    await noteRestoration(pool(), 'database');
    expect(await result(MADE_BY_BRIDGE, LONG_AGO)).toBe('later');
  });

  test('and is recorded when the room is known again', async () => {
    const { fhir, toFhir } = await worldWith(MADE_BY_BRIDGE);
    await toFhir(event);
    await pool().query('update room set room_id = $1', [event.room_id]);
    expect(await toFhir(event)).toMatchObject({ result: 'done' });
    expect(fhir.stored.size).toBe(1);
  });
});

describe('means nothing', () => {
  test.each([
    ['of a room that users made', {}, new Date()],
    ['of a room that the bot has left', undefined, new Date()],
    ['that came long ago', MADE_BY_BRIDGE, LONG_AGO],
  ])('%s', async (_, making, receivedAt) => {
    expect(await result(making, receivedAt)).toBe('not-a-conversation');
  });

  test('that came long ago, after all was compared', async () => {
    await noteRestoration(pool(), 'database');
    const { rows } = await pool().query<{ noticedAt: Date }>(
      'select noticed_at as "noticedAt" from restoration',
    );
    for (const { noticedAt } of rows)
      await saveReconciled(pool(), { what: 'database', noticedAt }, undefined);
    expect(await result(MADE_BY_BRIDGE, LONG_AGO)).toBe('not-a-conversation');
  });
});
