// Makes the room of a resource, once: whatever an earlier try left behind is found or given up.
import type { ClientBase, Pool } from 'pg';
import type { RoomId } from '../../domain/ids.ts';
import { aliasOf } from '../../mapping/aliases.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { createRoomBody } from '../../mapping/fhir-to-matrix/create-room.ts';
import { roomMarker } from '../../mapping/ghosts.ts';
import type { Bridge } from '../bridge.ts';

/** Makes the room and records its id. */
export async function makeRoom(
  { store, db, settings, ensureRoom, metrics }: Bridge,
  desired: DesiredRoom,
  signal: AbortSignal,
): Promise<RoomId> {
  const { reference } = desired;
  const alias = aliasOf(reference, settings.serverName);
  const row = await store.rooms.reserveRoom(db, reference, alias);
  const roomId = await ensureRoom(
    {
      alias,
      generation: async () => (await store.rooms.findRoom(db, reference))?.generation ?? row.generation,
      marker: (generation) => roomMarker(reference, generation, settings.pseudonymizationKey),
      body: (marker) => createRoomBody(desired, { marker, bot: settings.bot }),
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
  metrics.roomsMade.inc({ kind: desired.kind });
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
