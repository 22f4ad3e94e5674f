// Brings one room from whatever it is to what it should be: made if missing, then the differences applied.
import type { ClientBase, Pool } from 'pg';
import type { RoomId } from '../domain/ids.ts';
import { aliasOf } from '../mapping/aliases.ts';
import type { DesiredRoom } from '../mapping/desired-room.ts';
import { createRoomBody } from '../mapping/fhir-to-matrix/create-room.ts';
import { roomMarker } from '../mapping/ghosts.ts';
import type { RoomChange } from '../mapping/room-changes.ts';
import { changesToRoom } from '../mapping/room-changes.ts';
import type { Bridge } from './bridge.ts';

/** Makes the room exist and be as desired; running it again changes nothing. @returns its id */
export async function convergeRoom(
  bridge: Bridge,
  desired: DesiredRoom,
  signal: AbortSignal,
): Promise<RoomId> {
  const roomId = await bridge.roomLock(desired.reference, () => existingRoom(bridge, desired, signal));
  const actual = await bridge.homeserver.roomState(bridge.settings.bot, roomId, signal);
  for (const change of changesToRoom(desired, actual)) await apply(bridge, roomId, change, signal);
  return roomId;
}

async function existingRoom(bridge: Bridge, desired: DesiredRoom, signal: AbortSignal): Promise<RoomId> {
  const { store, db, settings } = bridge;
  const { reference } = desired;
  const alias = aliasOf(reference, settings.serverName);
  const row = await store.rooms.reserveRoom(db, reference, alias);
  if (row.roomId !== undefined) return row.roomId;
  const roomId = await bridge.ensureRoom(
    {
      alias,
      generation: async () => (await store.rooms.findRoom(db, reference))?.generation ?? row.generation,
      marker: (generation) => roomMarker(reference, generation, settings.pseudonymizationKey),
      body: (marker) => createRoomBody(desired, marker),
      drop: (discard) =>
        inTransaction(db, async (tx) => {
          // Locks the row until the commit: the alias is taken from a room by one replica at a time.
          await store.rooms.nextGeneration(tx, reference);
          await discard();
        }),
    },
    signal,
  );
  await store.rooms.saveRoomId(db, reference, roomId);
  bridge.metrics.roomsMade.inc({ kind: desired.kind });
  return roomId;
}

/** Not the inbox's transactions: those end after a pause of 5 s, and here the homeserver is asked in between. */
async function inTransaction(db: Pool, work: (tx: ClientBase) => Promise<void>): Promise<void> {
  const tx = await db.connect();
  const ignore = (): void => undefined; // a connection that breaks fails the statement at hand, which says so
  tx.on('error', ignore);
  let isCommitted = false;
  try {
    await tx.query('begin');
    await work(tx);
    await tx.query('commit');
    isCommitted = true;
  } finally {
    tx.off('error', ignore);
    tx.release(!isCommitted); // closing the connection rolls back
  }
}

async function apply(bridge: Bridge, roomId: RoomId, change: RoomChange, signal: AbortSignal): Promise<void> {
  const { homeserver, settings } = bridge;
  switch (change.kind) {
    case 'put-state':
      await homeserver.putState(settings.bot, roomId, change.event, signal);
      return;
    case 'invite':
      await homeserver.invite(settings.bot, roomId, change.member.userId, signal);
      return;
    case 'join':
      await homeserver.join(change.member.userId, roomId, signal);
      return;
  }
}
