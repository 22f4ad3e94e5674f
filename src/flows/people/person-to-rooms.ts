// A person, role or organisation changed → the ghost shows it, and every room whose members depend on it is looked at.
import type { FhirReference } from '../../domain/ids.ts';
import { dependencyKeysOf } from '../../mapping/identities.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import type { FlowOutcome } from '../outcome.ts';
import { desiredGhostOf } from './desired-ghost.ts';
import { bringGhost } from './ghosts.ts';
import { createReadSet } from './read-set.ts';
import { renewPerson } from './renew-person.ts';

/**
 * Handles a changed Practitioner, PractitionerRole, RelatedPerson, Patient or Organization: their ghost shows the change,
 * if it is registered, be it only a relay ghost; and their rooms are looked at. Without rooms their account is.
 * @param cause the version, from which the ids of what follows are made
 */
export async function personToRooms(
  bridge: Bridge,
  reference: FhirReference,
  cause: string,
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const { db, store } = bridge;
  // Other replicas know it some seconds later.
  bridge.recentBearers.clear();
  const reads = createReadSet(bridge.fhir, signal);
  await reads.read([reference]);
  const resource = reads.find(reference);
  // One that is gone keeps the name that its ghost was known by.
  if (resource === undefined) return { kind: 'ignored', reason: 'gone' };
  const ghost = await desiredGhostOf(bridge, reference, reads);
  const isRegistered = (await store.ghosts.findGhosts(db, [ghost.userId])).has(ghost.userId);
  if (isRegistered) await bringGhost(bridge, ghost, signal);
  const rooms = await store.roomMembers.findDependents(db, dependencyKeysOf(resource));
  // Else the next convergence of the rooms does it.
  if (rooms.length === 0) {
    await renewPerson(bridge, reads, reference, signal);
    return { kind: 'ignored', reason: 'nobody-depends' };
  }
  return { kind: 'done', next: convergeItems(rooms, cause) };
}
