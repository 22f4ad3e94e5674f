// An operator says which Matrix account a person has, or takes it back: stored, and their rooms looked at.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import { dependentsOf } from './own-write.ts';

/** What it needs: a part of the bridge. */
export type LinkingBridge = Pick<Bridge, 'enqueue' | 'store' | 'transact'>;

/**
 * Stores a person's account; it counts where their own telecom names none.
 * @param cause names this command, other than every other one
 * @returns the spaces and rooms that will be brought up to date
 */
export async function linkPerson(
  bridge: LinkingBridge,
  { reference, userId }: { reference: FhirReference; userId: MatrixUserId },
  cause: string,
): Promise<readonly FhirReference[]> {
  return bridge.transact(async (tx) => {
    const rooms = await dependentsOf(bridge.store, tx, [reference]);
    await bridge.store.people.linkPerson(tx, reference, userId);
    await bridge.enqueue(tx, convergeItems(rooms, cause));
    return rooms;
  });
}

/** Takes a stored account back. @returns the spaces and rooms that will be brought up to date; undefined when none was stored */
export async function unlinkPerson(
  bridge: LinkingBridge,
  reference: FhirReference,
  cause: string,
): Promise<readonly FhirReference[] | undefined> {
  return bridge.transact(async (tx) => {
    const rooms = await dependentsOf(bridge.store, tx, [reference]);
    const wasLinked = await bridge.store.people.unlinkPerson(tx, reference);
    if (!wasLinked) return undefined;
    await bridge.enqueue(tx, convergeItems(rooms, cause));
    return rooms;
  });
}
