// A ghost was invited to a room of others → the patient it is about is looked up by the context, then the ghost joins.
import type { Fact } from '../../domain/facts.ts';
import {
  isMatrixUserId,
  serverNameOf,
  type EventId,
  type FhirReference,
  type MatrixUserId,
} from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { readInviteContext, type InviteContext } from '../../mapping/invite-context.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Bridge, BridgeSettings } from '../bridge.ts';
import { undoInvitation } from '../from-matrix/undo-invitation.ts';
import { convergeItem } from '../items/converge.ts';
import { refused, type FlowOutcome } from '../outcome.ts';
import { recordOwnWrite } from '../people/own-write.ts';
import { receiveConversation } from './receive-conversation.ts';

/**
 * The inviting homeserver sends an invitation before it has stored it; by then it has. An answer that overtakes it is lost
 * there: a refusal would leave the ghost invited for ever, and a join is refused, as if the invitation were withdrawn.
 */
const STORED_AFTER_MS = 2_000;

type SubjectContext = Extract<InviteContext, { kind: 'subject' }>;

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
): Promise<FlowOutcome> {
  const { db, store, settings, pseudonyms } = bridge;
  const { event_id: cause, state_key: ghost, room_id: roomId, sender } = event;
  const own = await store.roomUses.findRoomUse(db, roomId);
  if ('room' in own) {
    // Whether the ghost follows is FHIR's to say.
    const next = [convergeItem(own.room.reference, cause)];
    const undone = await undoInvitation(bridge, event, own.room, attempt.signal);
    return undone ?? { kind: 'ignored', reason: 'own-room', next };
  }
  const person = await store.people.findPersonOfGhost(db, ghost);
  if (person === undefined) return { kind: 'ignored', reason: 'no-such-person' };
  if (!settings.trustedServers.has(serverNameOf(sender))) return refused('untrusted-server', sender, person);
  const context = readInviteContext(event.content);
  switch (context.kind) {
    case 'none':
      return { kind: 'ignored', reason: 'no-context' };
    case 'unreadable':
      return { kind: 'ignored', reason: 'context-unreadable' };
    case 'personal-number':
      return decline(bridge, event, refused('personal-number', sender, person), attempt);
    case 'subject':
      if (!pseudonyms.canResolve) return { kind: 'ignored', reason: 'no-resolver' };
      return answer(bridge, event, { person, context }, attempt);
  }
}

async function answer(
  bridge: Bridge,
  event: GhostInvitation,
  { person, context }: { readonly person: FhirReference; readonly context: SubjectContext },
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { signal } = attempt;
  const { db, store, homeserver } = bridge;
  const { event_id: eventId, room_id: roomId, state_key: userId, sender: inviter } = event;
  const subject = await subjectOf(bridge, event, context, signal);
  if (subject === undefined)
    return decline(bridge, event, refused('unknown-subject', inviter, person), attempt);
  // Before joining: the token may be used up, and a repetition must not need it.
  await store.invitations.saveInvitation(db, { roomId, userId, eventId, inviter, subject });
  const by = { userId: inviter };
  const question = { action: 'invitation' };
  const found = { person: subject };
  const facts: readonly Fact[] = [{ kind: 'looked-up', by, subject, question, found, result: 'found' }];
  if (!(await homeserver.acceptInvitation(userId, roomId, serverNameOf(inviter), signal))) {
    if (attempt.number === 1) return { kind: 'later', afterMs: STORED_AFTER_MS };
    return {
      ...{ kind: 'ignored', reason: 'invitation-withdrawn', facts },
      record: (tx) => store.invitations.removeInvitation(tx, eventId),
    };
  }
  const joined: Fact = {
    kind: 'joined',
    ...{ by, on: { reference: subject }, subject, roomId, member: { userId, person } },
  };
  await tellJoined(bridge, eventId, [...facts, joined]);
  const received = await receiveConversation(bridge, event, { person, subject }, attempt);
  if (received === undefined) return { kind: 'done' };
  const { version, what } = received;
  const on = { reference: version.reference, versionId: version.versionId };
  return {
    kind: 'done',
    facts: what === undefined ? [] : [{ kind: what, by, on, subject }],
    next: (tx) => recordOwnWrite(store, tx, version),
  };
}

/** At once, and once: what comes after may fail for good, and the look-up and the join have happened all the same. */
async function tellJoined(
  { auditTrail, enqueue, store, transact }: Pick<Bridge, 'auditTrail' | 'enqueue' | 'store' | 'transact'>,
  invitation: EventId,
  facts: readonly Fact[],
): Promise<void> {
  const cause = { source: 'invitation', sourceId: invitation };
  await transact(async (tx) => {
    const isNews = await store.invitations.saveInvitationJoined(tx, invitation);
    if (isNews) await enqueue(tx, auditTrail.itemsOf(cause, facts));
  });
}

/** A token may be used up by its first use, so what it stood for is not asked twice. */
async function subjectOf(
  { db, store, pseudonyms }: Bridge,
  { event_id: invitation, sender }: GhostInvitation,
  { token, platform }: SubjectContext,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  const known = await store.invitations.findInvitationSubject(db, invitation);
  if (known !== undefined) return known;
  return pseudonyms.resolve({ token, platform, senderServer: serverNameOf(sender), invitation }, signal);
}

async function decline(
  { homeserver }: Bridge,
  { state_key: ghost, room_id: roomId }: GhostInvitation,
  outcome: FlowOutcome,
  { number, signal }: Attempt,
): Promise<FlowOutcome> {
  if (number === 1) return { kind: 'later', afterMs: STORED_AFTER_MS };
  await homeserver.leave(ghost, roomId, signal);
  return outcome;
}
