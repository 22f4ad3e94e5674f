// An invitation stands that push may have lost → it is answered as the pushed one would have been, and with that one once.
import type { MatrixEvent } from '../../domain/matrix.ts';
import { standingInvitationId } from '../../mapping/delivery-ids.ts';
import type { Attempt, Outcome } from '../../inbox/item.ts';
import type { GhostInvitation } from './accept-invitation.ts';
import { acceptInvitation, isGhostInvitation } from './accept-invitation.ts';
import type { Bridge } from '../bridge.ts';
import type { InvitationItem, Standing } from '../items/invitation.ts';
import { roomStateToFhir } from '../from-matrix/room-state-to-fhir.ts';

/** Answers an invitation of the bot, or of a ghost, that may have been answered since. */
export async function answerStanding(
  bridge: Bridge,
  { roomId, userId, sender }: InvitationItem,
  attempt: Attempt,
): Promise<Outcome> {
  const { store, db, homeserver, settings } = bridge;
  if (userId === settings.bot) {
    if ((await store.rooms.findRoomById(db, roomId)) !== undefined)
      return { kind: 'ignored', reason: 'own-room' };
    const event = eventOf({ roomId, userId, sender }, { membership: 'invite' });
    return roomStateToFhir(bridge, event, attempt);
  }
  const standing = await homeserver.standingInvitations(userId, attempt.signal);
  const found = standing?.find((invitation) => invitation.roomId === roomId);
  if (found === undefined) return { kind: 'ignored', reason: 'invitation-answered' };
  const event = eventOf(found, found.content);
  if (!isGhostInvitation(settings, event)) return { kind: 'ignored', reason: 'no-ghost-invitation' };
  return acceptInvitation(bridge, event, attempt);
}

/**
 * Answers the invitation of a ghost as it was pushed. One that was answered before because it stood is the same still: a
 * token may be used up by its first use.
 */
export async function answerPushed(
  bridge: Bridge,
  event: GhostInvitation,
  attempt: Attempt,
): Promise<Outcome> {
  const { room_id: roomId, state_key: userId, sender, content } = event;
  const id = standingInvitationId({ roomId, userId, sender, content });
  const subject = await bridge.store.invitations.findInvitationSubject(bridge.db, id);
  return acceptInvitation(bridge, subject === undefined ? event : { ...event, event_id: id }, attempt);
}

/** With an id made from the invitation: whoever resolves its token is to answer the same to the same. */
function eventOf({ roomId, userId, sender }: Standing, content: MatrixEvent['content']) {
  const event_id = standingInvitationId({ roomId, userId, sender, content });
  return {
    ...{ event_id, room_id: roomId, sender, type: 'm.room.member', state_key: userId },
    ...{ origin_server_ts: 0, content },
  };
}
