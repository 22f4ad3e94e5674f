// Invites a person: users of the own homeserver just so, those of others with the patient's pseudonym where it is allowed.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import { invitationContent, isSendableToken } from '../../mapping/invite-context.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';

type InvitingBridge = Pick<Bridge, 'homeserver' | 'pseudonyms' | 'settings'>;

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
  const { homeserver, settings } = bridge;
  if (serverNameOf(userId) === settings.serverName) {
    await homeserver.invite(settings.bot, room.roomId, userId, signal);
    return;
  }
  const token = await contextToken(bridge, room, serverNameOf(userId), signal);
  const content = invitationContent(token, settings.messages.texts);
  await homeserver.invite(settings.bot, room.roomId, userId, signal, content);
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
