// Who sent the messages that a message refers to, where an earlier version of the bridge has not recorded it: only they may change them.
import type { EventId } from '../../domain/ids.ts';
import type { MessageRef } from '../../messages/kind.ts';
import type { Bridge } from '../bridge.ts';
import { refersToEvent } from './links.ts';
import type { Place } from './place.ts';

/** Asks the homeserver, once for each. What it does not tell stays unknown, and no one may change it. */
export async function learnSenders(
  { db, homeserver, store }: Pick<Bridge, 'db' | 'homeserver' | 'store'>,
  refs: readonly MessageRef[],
  { roomId, viewer }: Pick<Place, 'roomId' | 'viewer'>,
  signal: AbortSignal,
): Promise<void> {
  const eventIds: readonly EventId[] = refs.filter(refersToEvent);
  if (eventIds.length === 0) return;
  for (const eventId of await store.messageLinks.findSenderless(db, roomId, eventIds)) {
    const event = await homeserver.eventOf(viewer, roomId, eventId, signal);
    if (event !== undefined) await store.messageLinks.saveSender(db, eventId, event.sender);
  }
}
