// The resource of a space or room is gone → its members may only read; if it still is at a second look, they are removed.
import { type FhirReference } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { endAccess, SECOND_LOOK_MS } from './end-access.ts';

/** Looks at the room of a resource that is not on the server. Once it is there again, its convergence gives all back. */
export async function resourceGone(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<void> {
  const { store, db, clock, log } = bridge;
  const room = await store.rooms.findRoom(db, reference);
  const { roomId, madeBy, careTeam } = room ?? {};
  if (roomId === undefined || madeBy === undefined || room?.phase === 'closed') return;
  const now = clock.now();
  const since = await store.roomResources.markGone(db, reference, now);
  if (since === undefined) return;
  const secondLook = new Date(since.getTime() + SECOND_LOOK_MS);
  const phase = now < secondLook ? 'read-only' : 'closed';
  log.error(
    { reference, phase },
    'The resource of a room is gone from the FHIR server: access to the room ends',
  );
  await endAccess(bridge, { reference, roomId, madeBy }, phase, signal);
  await bridge.transact(async (tx) => {
    await store.rooms.savePhase(tx, reference, phase);
    if (phase === 'read-only') await store.rooms.saveConvergeAt(tx, reference, secondLook);
    // A closed room is not listed in its space.
    if (phase === 'closed' && careTeam !== undefined)
      await bridge.enqueue(tx, [convergeItem(careTeam, `${reference} gone ${since.toISOString()}`)]);
  });
}
