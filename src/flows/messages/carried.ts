// What was carried of a Communication before, by its links.
import type { FhirReference } from '../../domain/ids.ts';
import type { Envelope } from '../../messages/envelope.ts';
import type { Queryable } from '../../store/database.ts';
import type { MessageLink } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import { findConversationRoom } from './conversation-room.ts';

/** What was carried of a Communication. */
export interface Carried {
  /** Oldest first; empty for one that was never carried. */
  readonly links: readonly MessageLink[];
  /** A send of it has begun, of which it is not known yet how it ended. */
  readonly isBegun: boolean;
  /** The bridge itself is writing it: whether what was read is its own version, the end of that will tell. */
  readonly isBeingWritten: boolean;
  /** It bears the event id of a message that another Communication records. */
  readonly isCopy: boolean;
}

/** For so long a write that has begun may still end. One that never does, such as that of a dead letter, stops no one else. */
export const WRITING_MS = 15 * 60_000;

/** Finds what was carried of a Communication. */
export async function findCarried(
  { clock, store }: Pick<Bridge, 'clock' | 'store'>,
  db: Queryable,
  reference: FhirReference,
  { eventId, thread }: Pick<Envelope, 'eventId' | 'thread'>,
): Promise<Carried> {
  const found = await store.messageLinks.findLinksOfCommunication(db, reference, eventId);
  const room = thread === undefined ? undefined : await findConversationRoom(store, db, thread);
  const begunAfter = clock.now().getTime() - WRITING_MS;
  const isOwn = ({ communication }: MessageLink): boolean => communication === reference;
  return {
    links: found.filter((link) => link.completed && isOwn(link)),
    isBegun: found.some((link) => link.origin === 'fhir' && !link.completed && isOwn(link)),
    isBeingWritten: found.some(
      ({ origin, completed, startedAt }) =>
        origin === 'matrix' && !completed && startedAt.getTime() > begunAfter,
    ),
    // In another conversation it is a message of its own.
    isCopy: found.some((link) => link.completed && !isOwn(link) && link.roomId === room?.roomId),
  };
}
