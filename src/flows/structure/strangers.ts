// Members of a room whom neither FHIR nor a directory knows → who of them is told so, and who has to go.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import {
  decideStrangers,
  NO_STRANGERS,
  unnamedMembers,
  type StrangerDecision,
} from '../../mapping/strangers.ts';
import type { Bridge } from '../bridge.ts';
import { stateNotices } from '../messages/tell-sender.ts';

type Looking = Pick<Bridge, 'clock' | 'db' | 'personInDirectory' | 'settings' | 'store'>;

/** Finds the strangers in a room and decides about them. Reads only. @param base who is removed anyway, since FHIR dropped them */
export async function planStrangers(
  looking: Looking,
  {
    desired,
    actual,
    base,
  }: {
    readonly desired: DesiredRoom;
    readonly actual: readonly ActualState[];
    readonly base: ReadonlySet<string>;
  },
  signal: AbortSignal,
): Promise<StrangerDecision> {
  const { clock, db, settings, store } = looking;
  const { adoptRoomsOf, strangers: rules, trustedServers } = settings;
  if (desired.phase === 'closed') return NO_STRANGERS;
  const isExempt = (userId: MatrixUserId): boolean =>
    isOwnUser(settings, userId) || adoptRoomsOf.has(userId) || base.has(userId);
  const unnamed = unnamedMembers(desired, actual, isExempt);
  if (unnamed.length === 0) return NO_STRANGERS;
  const known = await store.people.findKnownUsers(db, unnamed);
  const unknown = unnamed.filter((userId) => !known.has(userId));
  const seenAt = await store.strangers.readStrangers(db, desired.reference, unknown);
  const now = clock.now().getTime();
  const isWaiting = (seen: Date | undefined): boolean =>
    seen !== undefined && seen.getTime() + rules.graceMs > now;
  const seen = new Map<MatrixUserId, number | undefined>();
  for (const userId of unknown) {
    const since = seenAt.get(userId);
    // A directory is asked before the grace begins and before it ends.
    if (!isWaiting(since) && (await looking.personInDirectory?.(userId, signal)) !== undefined) continue;
    seen.set(userId, since?.getTime());
  }
  return decideStrangers(seen, rules, (server) => trustedServers.has(server), now);
}

/** Lets the graces of those begin who have just come, and has people told that nobody knows them. */
export async function meetStrangers(
  { clock, enqueue, store, transact }: Pick<Bridge, 'clock' | 'enqueue' | 'store' | 'transact'>,
  room: { readonly reference: FhirReference; readonly roomId: RoomId },
  { newcomers, told }: StrangerDecision,
): Promise<void> {
  const { reference, roomId } = room;
  if (newcomers.length + told.length === 0) return;
  await transact(async (tx) => {
    await store.strangers.saveStrangers(tx, reference, newcomers, clock.now());
    for (const about of newcomers)
      await enqueue(tx, await stateNotices({ store }, tx, { roomId, about }, 'stranger-to-leave'));
    for (const about of told)
      await enqueue(tx, await stateNotices({ store }, tx, { roomId, about }, 'stranger'));
  });
}
