// What was carried of a Communication before, by its links.
import type { FhirReference } from '../../domain/ids.ts';
import { contentDigest, type Envelope } from '../../messages/envelope.ts';
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
  /** What the version said that was being sent then, where that is known. */
  readonly begunDigest: string | undefined;
  /** The bridge itself is writing it: whether what was read is its own version, the end of that will tell. */
  readonly isBeingWritten: boolean;
  /** It bears the event id of a message that another Communication records, and says what that one says or said. */
  readonly isCopy: boolean;
}

/** For so long a write that has begun may still end. One that never does, such as that of a dead letter, stops no one else. */
export const WRITING_MS = 15 * 60_000;

/** Finds what was carried of a Communication. */
export async function findCarried(
  { clock, store }: Pick<Bridge, 'clock' | 'store'>,
  db: Queryable,
  reference: FhirReference,
  envelope: Envelope,
): Promise<Carried> {
  const { eventId, thread } = envelope;
  const found = await store.messageLinks.findLinksOfCommunication(db, reference, eventId);
  const begunAfter = clock.now().getTime() - WRITING_MS;
  const isOwn = ({ communication }: MessageLink): boolean => communication === reference;
  const ofOthers = found.filter((link) => link.completed && !isOwn(link));
  const begun = found.filter((link) => link.origin === 'fhir' && !link.completed && isOwn(link));
  return {
    links: found.filter((link) => link.completed && isOwn(link)),
    isBegun: begun.length > 0,
    begunDigest: begun[0]?.digest,
    isBeingWritten: found.some(
      ({ origin, completed, startedAt }) =>
        origin === 'matrix' && !completed && startedAt.getTime() > begunAfter,
    ),
    isCopy: (await isInRoomOf(store, db, thread, ofOthers)) && (await wasSaid(store, db, envelope)),
  };
}

/** Whether one of these is in the room of a conversation. In another it is a message of its own. */
async function isInRoomOf(
  store: Bridge['store'],
  db: Queryable,
  thread: FhirReference | undefined,
  links: readonly MessageLink[],
): Promise<boolean> {
  const room =
    thread === undefined || links.length === 0 ? undefined : await findConversationRoom(store, db, thread);
  return links.some(({ roomId }) => roomId === room?.roomId);
}

/** Whether the message of its event id, or a change of that, said the same. Of an unknown user the record names no sender. */
async function wasSaid(
  { messageLinks }: Pick<Bridge['store'], 'messageLinks'>,
  db: Queryable,
  envelope: Envelope,
): Promise<boolean> {
  if (envelope.eventId === undefined) return false;
  const links = await messageLinks.findLinks(db, { eventIds: [envelope.eventId] });
  const same = [contentDigest(envelope), contentDigest({ ...envelope, sender: undefined })];
  return links.some(({ digest }) => digest !== undefined && same.includes(digest));
}
