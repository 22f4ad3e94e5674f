// The ghost as whom a person's messages are sent.
import { isPersonType } from '../../domain/fhir.ts';
import { typeOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import { desiredGhostOf, presentGhostOf } from './desired-ghost.ts';
import { bringGhost } from './ghosts.ts';
import { dependentsOf } from './own-write.ts';
import { createReadSet } from './read-set.ts';

/** The ghost of a person, also of one with an account of their own, whom the bridge cannot be. */
export interface SenderGhost {
  readonly userId: MatrixUserId;
  /** As it is shown, or would be. */
  readonly displayName: string;
  /** Registers it where it is not. It has to be called before anything is sent as this ghost. */
  readonly bring: (signal: AbortSignal) => Promise<void>;
}

/** Finds it. One that is there is not looked at again; but whose role a PractitionerRole is, only FHIR says. */
export async function senderGhostOf(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<SenderGhost> {
  const userId = await presentGhostOf(bridge, reference);
  const displayName = (await bridge.store.ghosts.findGhosts(bridge.db, [userId])).get(userId)?.displayName;
  if (displayName !== undefined && typeOf(reference) !== 'PractitionerRole')
    return { userId, displayName, bring: () => keepRelayGhost(bridge, { reference, userId }) };
  const ghost = await desiredGhostOf(bridge, reference, createReadSet(bridge.fhir, signal));
  return {
    userId: ghost.userId,
    displayName: ghost.displayName,
    async bring(stop) {
      await bringGhost(bridge, ghost, stop);
      await keepRelayGhost(bridge, ghost);
    },
  };
}

/**
 * The user id of a person's ghost, which is registered then.
 * @returns the bot where it is no person's
 */
export async function senderGhostFor(
  bridge: Bridge,
  reference: FhirReference | undefined,
  signal: AbortSignal,
): Promise<MatrixUserId> {
  if (reference === undefined || !isPersonType(typeOf(reference))) return bridge.settings.bot;
  const { userId, bring } = await senderGhostOf(bridge, reference, signal);
  await bring(signal);
  return userId;
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
