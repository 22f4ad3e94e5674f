// A room that the homeserver does not know any more is made anew before what was to be said there is tried again.
import type { FhirReference } from '../../domain/ids.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { FlowOutcome } from '../outcome.ts';
import type { Conversation, Speaking } from './speaker.ts';

/**
 * Sends into the room of a conversation.
 * @throws BridgeError `room-gone` once the room was made anew
 */
export async function unlessGone(
  {
    homeserver,
    openConversation,
    settings,
  }: Pick<Bridge, 'homeserver' | 'settings'> & Pick<Speaking, 'openConversation'>,
  { conversation, request }: { readonly conversation: Conversation; readonly request: FhirReference },
  signal: AbortSignal,
  send: () => Promise<FlowOutcome>,
): Promise<FlowOutcome> {
  try {
    return await send();
  } catch (error) {
    const isRefused = error instanceof BridgeError && error.code === 'matrix-refused';
    // Rooms of others may be on other homeservers.
    if (!isRefused || conversation.guests !== undefined) throw error;
    if (!(await homeserver.isRoomGone(settings.bot, conversation.roomId, signal))) throw error;
  }
  await openConversation(request, signal);
  throw new BridgeError('room-gone', 'the room of a conversation was made anew');
}
