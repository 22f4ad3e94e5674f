// Whether the sender of a redaction may remove what another wrote, and the sender of a poll's end may end it.
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { powerIn } from '../../mapping/attainable-power.ts';
import type { Links } from '../../messages/kind.ts';
import { endedPoll } from '../../messages/polls/read-poll.ts';
import { redactedBy } from '../../messages/relations.ts';
import type { MessageLink } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';

/** Asks the homeserver only where it matters: of redactions of a message of another, and ends of their polls. */
export async function mayRedact(
  { homeserver }: Pick<Bridge, 'homeserver'>,
  { event, viewer }: { readonly event: MatrixEvent; readonly viewer: MatrixUserId },
  known: Links,
  signal: AbortSignal,
): Promise<boolean> {
  const target = redactedBy(event) ?? endedPoll(event);
  const links = target === undefined ? [] : known.ofEvent(target);
  if (links.every(({ sender }) => sender === event.sender)) return false;
  const hasPower = await redactPower({ homeserver }, event.room_id, viewer, signal);
  return hasPower(event.sender);
}

/** Whether a message was redacted before it came, by its sender or by a member who may. @param links those of the message */
export async function wasRedactedBefore(
  { homeserver, store }: Pick<Bridge, 'homeserver' | 'store'>,
  {
    event,
    viewer,
    links,
  }: { readonly event: MatrixEvent; readonly viewer: MatrixUserId; readonly links: readonly MessageLink[] },
  signal: AbortSignal,
): Promise<boolean> {
  const { event_id: eventId, room_id: roomId, sender } = event;
  const redactors = store.messageLinks.earlyRedactors(links, eventId, roomId);
  if (redactors.length === 0 || redactors.includes(sender)) return redactors.length > 0;
  return redactors.some(await redactPower({ homeserver }, roomId, viewer, signal));
}

async function redactPower(
  { homeserver }: Pick<Bridge, 'homeserver'>,
  roomId: RoomId,
  viewer: MatrixUserId,
  signal: AbortSignal,
): Promise<(userId: MatrixUserId) => boolean> {
  const state = await homeserver.roomState(viewer, roomId, signal);
  const find = (wanted: string) => state.find(({ type, state_key: key }) => type === wanted && key === '');
  const [create, levels] = [find('m.room.create'), find('m.room.power_levels')?.content];
  return (userId) => powerIn(create, levels, userId).redact;
}
