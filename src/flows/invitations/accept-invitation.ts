// A ghost was invited to a room of others → the patient it is about is looked up by the context, then the ghost joins.
import type { FhirReference } from '../../domain/ids.ts';
import { isMatrixUserId, serverNameOf } from '../../domain/ids.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { InviteContext } from '../../mapping/invite-context.ts';
import { readInviteContext } from '../../mapping/invite-context.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Attempt, Outcome } from '../../inbox/item.ts';
import type { Bridge, BridgeSettings } from '../bridge.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { converging } from '../from-matrix/state-change.ts';

const DECLINE_AFTER_MS = 2_000;

/** The invitation of a ghost by someone else. */
export interface GhostInvitation extends MatrixEvent {
  /** The ghost. */
  readonly state_key: MatrixUserId;
}

/** Tells whether an event is the invitation of a ghost (the bot is none) by a user who is not of the bridge. */
export function isGhostInvitation(
  settings: Pick<BridgeSettings, 'ghostPrefix' | 'serverName' | 'bot'>,
  event: MatrixEvent,
): event is GhostInvitation {
  const { type, content, state_key: invited, sender } = event;
  if (type !== 'm.room.member' || content['membership'] !== 'invite' || invited === undefined) return false;
  if (!isMatrixUserId(invited) || !isOwnUser(settings, invited) || invited === settings.bot) return false;
  return isMatrixUserId(sender) && !isOwnUser(settings, sender);
}

/**
 * Answers the invitation of a ghost. May be repeated after a death at any point: who the patient is was stored before
 * the ghost joined, and the resolver answers the same to the same invitation.
 */
export async function acceptInvitation(
  bridge: Bridge,
  event: GhostInvitation,
  attempt: Attempt,
): Promise<Outcome> {
  const { db, store, settings, pseudonyms } = bridge;
  const { state_key: ghost, room_id: roomId, sender } = event;
  const own = await store.rooms.findRoomById(db, roomId);
  // Whether the ghost follows is FHIR's to say.
  if (own !== undefined) return { ...converging(bridge, [own.reference], event), ...ignored('own-room') };
  if ((await store.people.findPersonByUserId(db, ghost)) === undefined) return ignored('no-such-person');
  if (!settings.trustedServers.has(serverNameOf(sender))) return ignored('untrusted-server');
  const context = readInviteContext(event.content);
  switch (context.kind) {
    case 'none':
      return ignored('no-context');
    case 'unreadable':
      return ignored('context-unreadable');
    case 'personal-number':
      return decline(bridge, event, 'personal-number', attempt);
    case 'subject':
      if (!pseudonyms.canResolve) return ignored('no-resolver');
      return answer(bridge, event, context, attempt);
  }
}

async function answer(
  bridge: Bridge,
  event: GhostInvitation,
  context: Extract<InviteContext, { kind: 'subject' }>,
  attempt: Attempt,
): Promise<Outcome> {
  const { signal } = attempt;
  const { db, store, homeserver } = bridge;
  const { event_id: eventId, room_id: roomId, state_key: userId, sender: inviter } = event;
  const subject = await subjectOf(bridge, event, context, signal);
  if (subject === undefined) return decline(bridge, event, 'unknown-subject', attempt);
  await store.invitations.saveInvitation(db, { roomId, userId, eventId, inviter, subject });
  if (!(await homeserver.acceptInvitation(userId, roomId, serverNameOf(inviter), signal))) {
    return {
      kind: 'ignored',
      reason: 'invitation-withdrawn',
      record: (tx) => store.invitations.removeInvitation(tx, eventId),
    };
  }
  return { kind: 'done', record: (tx) => store.invitations.saveInvitationJoined(tx, eventId) };
}

/** A token may be used up by its first use, so what it stood for is not asked twice. */
async function subjectOf(
  { db, store, pseudonyms }: Bridge,
  { event_id: invitation, sender }: GhostInvitation,
  { token, platform }: Extract<InviteContext, { kind: 'subject' }>,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  const known = await store.invitations.findInvitationSubject(db, invitation);
  if (known !== undefined) return known;
  return pseudonyms.resolve({ token, platform, senderServer: serverNameOf(sender), invitation }, signal);
}

/**
 * Not at once: the inviting homeserver sends an invitation before it has stored it, and a refusal that overtakes it would
 * be lost there, so that the ghost stood as invited for ever.
 */
async function decline(
  { homeserver }: Bridge,
  { state_key: ghost, room_id: roomId }: GhostInvitation,
  reason: string,
  { number, signal }: Attempt,
): Promise<Outcome> {
  if (number === 1)
    throw new BridgeError('invitation-fresh', 'it is declined later', { retryAfterMs: DECLINE_AFTER_MS });
  await homeserver.leave(ghost, roomId, signal);
  return ignored(reason);
}

function ignored(reason: string): Extract<Outcome, { kind: 'ignored' }> {
  return { kind: 'ignored', reason };
}
