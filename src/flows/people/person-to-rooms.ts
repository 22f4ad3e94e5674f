// A person, role or organisation changed → the ghost shows it, and every room whose members depend on it is looked at.
import type { FhirReference } from '../../domain/ids.ts';
import { dependencyKeysOf } from '../../mapping/identities.ts';
import type { Outcome } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { applyGhostChange, ghostChanges } from './ghosts.ts';
import { wishFor } from './people.ts';
import type { Reading } from './reading.ts';
import { createReading } from './reading.ts';

/**
 * Handles a changed Practitioner, PractitionerRole, RelatedPerson, Patient or Organization.
 * @param cause the version, from which the ids of what follows are made
 */
export async function personToRooms(
  bridge: Bridge,
  reference: FhirReference,
  cause: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const { db, store } = bridge;
  const reading = createReading(bridge.fhir, signal);
  await reading.read([reference]);
  const resource = reading.find(reference);
  // One that is gone keeps the name that its ghost was known by.
  if (resource === undefined) return { kind: 'ignored', reason: 'gone' };
  await showChange(bridge, reference, reading, signal);
  const rooms = await store.roomMembers.findDependents(db, dependencyKeysOf(resource));
  if (rooms.length === 0) return { kind: 'ignored', reason: 'nobody-depends' };
  return {
    kind: 'done',
    record: async (tx) => {
      await bridge.enqueue(
        tx,
        rooms.map((room) => convergeItem(room, cause)),
      );
    },
  };
}

/** The name and picture of the person's ghost, if it is registered: also of one that speaks for a person with an account. */
async function showChange(
  bridge: Bridge,
  reference: FhirReference,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const wish = await wishFor(bridge, reference, reading);
  const isRegistered = (await bridge.store.ghosts.findGhosts(bridge.db, [wish.userId])).has(wish.userId);
  if (!isRegistered) return;
  for (const change of await ghostChanges(bridge, [wish])) await applyGhostChange(bridge, change, signal);
}
