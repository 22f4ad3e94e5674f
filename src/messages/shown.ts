// What the room shows of a Communication, by the links of what was carried of it.
import type { EventId } from '../domain/ids.ts';
import { FIRST_MESSAGE, type Link, type Links } from './kind.ts';

/** An event of the message itself, no change of it, that is not redacted. */
export type Shown = Link & { readonly eventId: EventId };

/** The events of the message itself, in order. */
export function messagesShown(carried: readonly Link[]): readonly Shown[] {
  return withoutRedacted(carried).filter(({ target }) => target === undefined);
}

/** All events that show what the Communication says or said: the message, its edits, what the bot said of changes. */
export function eventsShown(carried: readonly Link[]): readonly EventId[] {
  return [...new Set(withoutRedacted(carried).map(({ eventId }) => eventId))];
}

/** The digest of what was carried last; a change that found all as it should be has none. */
export function lastDigest(carried: readonly Pick<Link, 'digest'>[]): string | undefined {
  return carried.findLast(({ digest }) => digest !== undefined)?.digest;
}

/** Whether an event shows what the conversation's CommunicationRequest says first. */
export function isOfFirstMessage(eventId: EventId, known: Links): boolean {
  return known.ofEvent(eventId).some(({ kind }) => kind === FIRST_MESSAGE);
}

function withoutRedacted(carried: readonly Link[]): readonly Shown[] {
  const redacted = new Set(carried.flatMap(({ kind, target }) => (kind === 'retraction' ? [target] : [])));
  return carried.filter(
    (link): link is Shown =>
      link.eventId !== undefined &&
      !redacted.has(link.eventId) &&
      link.kind !== 'retraction' &&
      link.kind !== 'reaction',
  );
}
