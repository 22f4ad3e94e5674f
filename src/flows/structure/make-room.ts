// Makes the room of a resource, once: whatever an earlier try left behind is found or given up.
import type { RoomAlias, RoomId } from '../../domain/ids.ts';
import { aliasOf, spareAliasOf } from '../../mapping/aliases.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { createRoomBody } from '../../mapping/fhir-to-matrix/create-room.ts';
import { roomMarker } from '../../mapping/ghosts.ts';
import type { RoomOrder } from '../../matrix/ensure-room.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { adoptUnderAlias } from './adopt-under-alias.ts';
import type { RoomPlan } from './plan-room.ts';

/**
 * Makes the room and records its id. Where its alias belongs to a room of others, that one is taken over if it may be; else the
 * room is made under a spare alias, so that the conversation waits for no one.
 */
export async function makeRoom(
  bridge: Bridge,
  plan: Pick<RoomPlan, 'desired' | 'spec'>,
  signal: AbortSignal,
): Promise<RoomId> {
  const { store, db, settings, metrics, log } = bridge;
  const { reference, kind } = plan.desired;
  const { alias } = await store.rooms.reserveRoom(db, reference, aliasOf(reference, settings));
  const made = await makeUnder(bridge, plan.desired, alias, signal);
  const given = made ?? (await adoptUnderAlias(bridge, plan, alias, signal));
  if (given !== undefined) {
    if (made !== undefined) metrics.roomsMade.inc({ kind });
    return given;
  }
  log.warn(
    { reference },
    'The alias of a room leads to a room of others; the room is made under another alias',
  );
  const spare = spareAliasOf(alias);
  await store.rooms.saveAlias(db, reference, spare);
  const roomId = await makeUnder(bridge, plan.desired, spare, signal);
  if (roomId === undefined) throw new BridgeError('room-foreign', 'the spare alias is taken as well');
  metrics.roomsMade.inc({ kind });
  return roomId;
}

/** @returns undefined where the alias belongs to a room of others */
async function makeUnder(
  bridge: Bridge,
  desired: DesiredRoom,
  alias: RoomAlias,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  const { store, db, ensureRoom } = bridge;
  try {
    const roomId = await ensureRoom(await orderFor(bridge, desired, alias, signal), signal);
    if (await store.orphanedRooms.isOrphaned(db, roomId)) return undefined;
    await store.rooms.saveRoomId(db, desired.reference, roomId);
    return roomId;
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'room-foreign') return undefined;
    throw error;
  }
}

async function orderFor(
  { store, db, settings, newRoomVersion, roomLock }: Bridge,
  desired: DesiredRoom,
  alias: RoomAlias,
  signal: AbortSignal,
): Promise<RoomOrder> {
  const { reference } = desired;
  const { bot, pseudonymizationKey: key } = settings;
  const roomVersion = await newRoomVersion(signal);
  const known = (await store.rooms.findRoom(db, reference))?.generation ?? 0;
  return {
    alias,
    generation: async () => (await store.rooms.findRoom(db, reference))?.generation ?? known,
    marker: (generation) => roomMarker(reference, generation, key),
    body: (marker) => createRoomBody(desired, { marker, bot, alias, roomVersion }),
    drop: (discard) =>
      // The alias is taken from a room by one replica at a time. A lock of the row would keep a connection while the homeserver is asked.
      roomLock(`drop ${reference}`, signal, async () => {
        // A kill between the two leaves a room of an earlier generation under the alias: the next try drops that one.
        await store.rooms.nextGeneration(db, reference);
        await discard();
      }),
  };
}
