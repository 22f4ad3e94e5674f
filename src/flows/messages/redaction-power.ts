// Whether the sender of a redaction may remove what another wrote, and the sender of a poll's end may end it.
import type { MatrixUserId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { powerIn } from '../../mapping/attainable-power.ts';
import type { Links } from '../../messages/kind.ts';
import { endedPoll } from '../../messages/polls/read-poll.ts';
import { redactedBy } from '../../messages/relations.ts';
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
  const state = await homeserver.roomState(viewer, event.room_id, signal);
  const find = (wanted: string) => state.find(({ type, state_key: key }) => type === wanted && key === '');
  return powerIn(find('m.room.create'), find('m.room.power_levels')?.content, event.sender).redact;
}
