// Invitations of ghosts that push lost: asked for ghost by ghost, since no one else is shown them.
import { isDeepStrictEqual } from 'node:util';
import { roomLane } from '../../mapping/lanes.ts';
import type { Invitation } from '../../matrix/invitations.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { EVENT_SOURCE, eventItemSchema } from '../items/event.ts';
import { invitationItem } from '../items/invitation.ts';
import { isOwnUser } from '../../mapping/own-users.ts';

/**
 * Stores the invitations that are pending and were never pushed; one ghost is asked after the other. Where no service resolves
 * the pseudonyms in them, none would be answered, and none is asked for.
 * @param seen when this is done: one that is pending still the next time is stored again
 * @returns how many there were
 */
export async function findMissedInvitations(
  bridge: Bridge,
  seen: string,
  signal: AbortSignal,
): Promise<number> {
  const { store, db, hasItem, homeserver, pseudonyms, settings, log } = bridge;
  if (!pseudonyms.canResolve) return 0;
  const wasPushed = (invitation: Invitation): Promise<boolean> =>
    hasItem(db, { lane: roomLane(invitation.roomId), source: EVENT_SOURCE }, (payload) =>
      isOf(invitation, payload),
    );
  let found = 0;
  let unasked: BridgeError | undefined;
  for (const ghost of await store.ghosts.listGhosts(db)) {
    signal.throwIfAborted();
    const pending = await homeserver.pendingInvitations(ghost, signal).catch(bridgeErrorOf);
    if (pending === undefined) {
      log.info({}, 'The homeserver does not say which invitations of ghosts are pending');
      return found;
    }
    if (pending instanceof BridgeError) {
      // Such as a ghost that was deactivated: the others are asked all the same.
      unasked = pending;
      continue;
    }
    for (const invitation of pending.filter(({ sender }) => !isOwnUser(settings, sender))) {
      if (await wasPushed(invitation)) continue;
      await bridge.transact((tx) => bridge.enqueue(tx, [invitationItem(invitation, seen)]));
      found += 1;
    }
  }
  if (unasked !== undefined)
    log.warn(
      { code: unasked.code, detail: unasked.message },
      'Not all ghosts could be asked for invitations',
    );
  return found;
}

/** Whether an item is the event of an invitation. */
function isOf({ userId, sender, content }: Invitation, payload: unknown): boolean {
  const event = eventItemSchema.safeParse(payload).data?.event;
  return (
    event?.type === 'm.room.member' &&
    event.state_key === userId &&
    event.sender === sender &&
    isDeepStrictEqual(event.content, content)
  );
}

function bridgeErrorOf(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  throw error;
}
