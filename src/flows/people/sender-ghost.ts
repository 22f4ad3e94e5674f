// The ghost as whom a person's messages are sent.
import { isPersonType } from '../../domain/fhir.ts';
import { typeOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import { desiredGhostOf, presentGhostOf } from './desired-ghost.ts';
import { bringGhost } from './ghosts.ts';
import { dependentsOf } from './own-write.ts';
import { createReadSet } from './read-set.ts';

/**
 * The ghost of a person, registered where it is not; also of one with an account of their own, whom the bridge cannot be.
 * @returns the bot where it is no person's
 */
export async function senderGhostFor(
  bridge: Bridge,
  reference: FhirReference | undefined,
  signal: AbortSignal,
): Promise<MatrixUserId> {
  if (reference === undefined || !isPersonType(typeOf(reference))) return bridge.settings.bot;
  const person = await ghostThere(bridge, reference, signal);
  await keepRelayGhost(bridge, person);
  return person.userId;
}

/** A ghost that is there is not looked at again; but whose role a PractitionerRole is, only FHIR says. */
async function ghostThere(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<{ reference: FhirReference; userId: MatrixUserId }> {
  const userId = await presentGhostOf(bridge, reference);
  const isRole = typeOf(reference) === 'PractitionerRole';
  const isThere = !isRole && (await bridge.store.ghosts.findGhosts(bridge.db, [userId])).has(userId);
  if (isThere) return { reference, userId };
  const ghost = await desiredGhostOf(bridge, reference, createReadSet(bridge.fhir, signal));
  await bringGhost(bridge, ghost, signal);
  return ghost;
}

/** Were it a former account still, the next convergence would remove it from the room; and it has a former one's level. */
async function keepRelayGhost(
  { store, db, transact, enqueue, clock }: Bridge,
  { reference, userId }: { readonly reference: FhirReference; readonly userId: MatrixUserId },
): Promise<void> {
  const known = (await store.people.findPeople(db, [reference])).get(reference);
  if (known?.formerUserIds.includes(userId) !== true) return;
  // Before the message is sent: a convergence in between would remove its sender.
  await transact(async (tx) => {
    const rooms = await dependentsOf(store, tx, [reference]);
    await store.people.forgetFormerAccount(tx, reference, userId);
    await enqueue(tx, convergeItems(rooms, `${reference} speaks ${clock.now().toISOString()}`));
  });
}

/** A person's ghost as it is shown; one that is not there yet, as it would be. */
export async function shownGhostOf(
  bridge: Pick<Bridge, 'clock' | 'db' | 'fhir' | 'settings' | 'store'>,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<{ readonly userId: MatrixUserId; readonly displayName: string }> {
  const userId = await presentGhostOf(bridge, reference);
  const displayName = (await bridge.store.ghosts.findGhosts(bridge.db, [userId])).get(userId)?.displayName;
  const isRole = typeOf(reference) === 'PractitionerRole';
  if (displayName !== undefined && !isRole) return { userId, displayName };
  return desiredGhostOf(bridge, reference, createReadSet(bridge.fhir, signal));
}
