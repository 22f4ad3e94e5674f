// On what a room depends is stored, and what changed or failed on the way is asked for once more.
import { isStaffOf, serverNameOf, type MatrixUserId } from '../../domain/ids.ts';
import { peopleDigest } from '../../mapping/delivery-ids.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem, convergeItems, requireInvitesItem } from '../items/converge.ts';
import { changedMeanwhile } from '../people/changed-meanwhile.ts';
import { nextMomentOf, type RoomPlan } from './plan-room.ts';

/**
 * Stores on what the room depends, and when next the clock alone may change it. People who changed while this was done
 * are compared once more. Those who could not be invited are tried again by an item of their own, once a day for the same
 * people, for as long as the inbox tries. A transaction of its own: a change that comes in next must find it.
 */
export async function recordDependencies(
  { store, clock, enqueue, transact }: Pick<Bridge, 'clock' | 'enqueue' | 'store' | 'transact'>,
  plan: Pick<RoomPlan, 'spec' | 'strangers'>,
  unreached: readonly MatrixUserId[],
): Promise<void> {
  const { reference, people, dependencies, stamps } = plan.spec;
  await transact(async (tx) => {
    await store.roomMembers.lockDependencies(tx, 'storing');
    const added = await store.roomMembers.saveDependencies(tx, reference, dependencies);
    await store.rooms.saveConvergeAt(tx, reference, nextMomentOf(plan));
    const now = clock.now().toISOString();
    const changed = await changedMeanwhile({ db: tx, store, clock }, stamps, people);
    const again = changed.map((cause) => convergeItem(reference, cause));
    // In whose staff a role is that came meanwhile, only a search tells.
    const staff = convergeItems(added.some(isStaffOf) ? [reference] : [], `staff ${now}`);
    const whom = `invite ${peopleDigest(unreached)} ${now.slice(0, 10)}`;
    const invites =
      unreached.length > 0 ? [requireInvitesItem(reference, whom, unreached.map(serverNameOf))] : [];
    await enqueue(tx, [...again, ...staff, ...invites]);
  });
}
