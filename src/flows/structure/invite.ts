// Invites a person: users of the own homeserver just so, those of others with the patient's pseudonym where it is allowed.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import { invitationContent, isSendableToken } from '../../mapping/invite-context.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';

type InvitingBridge = Pick<Bridge, 'homeserver' | 'otherServers' | 'pseudonyms' | 'settings'>;

/** The room a person is invited to. */
interface InvitingRoom {
  readonly roomId: RoomId;
  readonly kind: 'space' | 'conversation';
  /** Whom it is about; a context is only ever about a Patient. */
  readonly subject: FhirReference | undefined;
}

/**
 * Invites a user; a person in the room already needs no invitation. Each call may use up a token.
 * @throws BridgeError also where the pseudonym service cannot tell: an invitation without the context that belongs
 * to it would not be repeated with one
 */
export async function inviteMember(
  bridge: InvitingBridge,
  room: InvitingRoom,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<void> {
  const { homeserver, otherServers, settings } = bridge;
  const server = serverNameOf(userId);
  if (server === settings.serverName) {
    await homeserver.invite(settings.bot, room.roomId, userId, signal);
    return;
  }
  // Before a token is used up.
  if (otherServers.isLeftAlone(server)) throw leftAlone();
  const token = await contextToken(bridge, room, server, signal);
  const content = invitationContent(token, settings.messages.texts);
  await homeserver.invite(settings.bot, room.roomId, userId, signal, content);
}

/** The error of an invitation that is not tried, because the homeserver of the invited did not answer a moment ago. */
export function leftAlone(): BridgeError {
  return new BridgeError(
    'matrix-unavailable',
    'invite: not tried, the other homeserver did not answer a moment ago',
  );
}

async function contextToken(
  { pseudonyms, settings }: InvitingBridge,
  { kind, subject }: InvitingRoom,
  recipientServer: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const allowed = settings.inviteContext === 'both' || settings.inviteContext === kind;
  if (!allowed || !settings.trustedServers.has(recipientServer)) return undefined;
  if (subject === undefined || typeOf(subject) !== 'Patient') return undefined;
  const token = await pseudonyms.tokenFor({ subject, recipientServer }, signal);
  if (token !== undefined && !isSendableToken(token))
    throw new BridgeError('pseudonym-answer', 'get token: the token is too long, or reads as a BSN');
  return token;
}
