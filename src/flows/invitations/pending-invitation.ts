// An invitation is pending that push may have lost → it is answered as the pushed one would have been, and with that one once.
import type { MatrixEvent } from '../../domain/matrix.ts';
import { pendingInvitationId } from '../../mapping/delivery-ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { roomStateToFhir } from '../from-matrix/room-state-to-fhir.ts';
import type { InvitationItem, PendingInvitation } from '../items/invitation.ts';
import type { FlowOutcome } from '../outcome.ts';
import { acceptInvitation, isGhostInvitation, type GhostInvitation } from './accept-invitation.ts';

/** Answers an invitation of the bot, or of a ghost, that may have been answered since. */
export async function answerPending(
  bridge: Bridge,
  { roomId, userId, sender }: InvitationItem,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { store, db, homeserver, settings } = bridge;
  if (userId === settings.bot) {
    if ('room' in (await store.roomUses.findRoomUse(db, roomId)))
      return { kind: 'ignored', reason: 'own-room' };
    const event = eventOf({ roomId, userId, sender }, { membership: 'invite' });
    return roomStateToFhir(bridge, event, attempt);
  }
  const pending = await homeserver.pendingInvitations(userId, attempt.signal);
  const found = pending?.find((invitation) => invitation.roomId === roomId);
  if (found === undefined) return { kind: 'ignored', reason: 'invitation-answered' };
  const event = eventOf(found, found.content);
  if (!isGhostInvitation(settings, event)) return { kind: 'ignored', reason: 'no-ghost-invitation' };
  return acceptInvitation(bridge, event, attempt);
}

/**
 * Answers the invitation of a ghost as it was pushed. One that was answered before because it was pending is the same still: a
 * token may be used up by its first use.
 */
export async function answerPushed(
  bridge: Bridge,
  event: GhostInvitation,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { room_id: roomId, state_key: userId, sender, content } = event;
  const id = pendingInvitationId({ roomId, userId, sender, content });
  const subject = await bridge.store.invitations.findInvitationSubject(bridge.db, id);
  return acceptInvitation(bridge, subject === undefined ? event : { ...event, event_id: id }, attempt);
}

/** With an id made from the invitation: the resolver of its token is to answer the same to the same. */
function eventOf({ roomId, userId, sender }: PendingInvitation, content: MatrixEvent['content']) {
  const event_id = pendingInvitationId({ roomId, userId, sender, content });
  return {
    ...{ event_id, room_id: roomId, sender, type: 'm.room.member', state_key: userId },
    ...{ origin_server_ts: 0, content },
  };
}
