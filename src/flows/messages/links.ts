// What is known of the messages that a message refers to.
import type { EventId } from '../../domain/ids.ts';
import { FIRST_MESSAGE, type Link, type Links, type MessageRef } from '../../messages/kind.ts';
import type { Queryable } from '../../store/database.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Store } from '../../store/tables.ts';

/** The room in which what is referred to has to stand. */
type Place = Pick<RoomRow, 'firstMessageEventId' | 'roomId'>;

/**
 * Loads the links of these, and tells which were not carried yet; one that is under way counts as missing. What stands in
 * another room does too: no one may change it from here, nor learn that it is there.
 */
export async function loadLinks(
  { messageLinks }: Pick<Store, 'messageLinks'>,
  db: Queryable,
  refs: readonly MessageRef[],
  place: Place | undefined,
): Promise<{ readonly known: Links; readonly missing: readonly MessageRef[] }> {
  const wanted = [...new Set(refs)].filter((ref) => ref !== place?.firstMessageEventId);
  const eventIds = wanted.filter(refersToEvent);
  const communications = wanted.filter((ref) => !refersToEvent(ref));
  const found = wanted.length === 0 ? [] : await messageLinks.findLinks(db, { eventIds, communications });
  const carried: readonly Link[] = found.filter((link) => link.completed && link.roomId === place?.roomId);
  const known = linksOf([...carried, ...firstMessage(place)]);
  const isMissing = (ref: MessageRef): boolean =>
    (refersToEvent(ref) ? known.ofEvent(ref) : known.ofCommunication(ref)).length === 0;
  return { known, missing: wanted.filter(isMissing) };
}

/** Tells whether a message that is referred to was carried. */
export async function wasCarried(
  tables: Pick<Store, 'messageLinks'>,
  db: Queryable,
  ref: MessageRef,
  place: Place | undefined,
): Promise<boolean> {
  return (await loadLinks(tables, db, [ref], place)).missing.length === 0;
}

/** The first message of a conversation is no Communication, but part of the CommunicationRequest itself. */
function firstMessage(place: Place | undefined): readonly Link[] {
  const { roomId, firstMessageEventId: eventId } = place ?? {};
  if (roomId === undefined || eventId === undefined) return [];
  return [
    {
      ...{ cause: eventId, part: 0, origin: 'fhir', kind: FIRST_MESSAGE, roomId, eventId },
      ...{ communication: undefined, target: undefined, sender: undefined, sentAt: undefined },
      ...{ threadRoot: undefined, digest: undefined },
    },
  ];
}

function linksOf(found: readonly Link[]): Links {
  const by = <Key>(key: (link: Link) => Key | undefined) => Map.groupBy(found, key);
  const events = by(({ eventId }) => eventId);
  const changes = by(({ target }) => target);
  const communications = by(({ communication }) => communication);
  return {
    ofEvent: (eventId) => events.get(eventId) ?? [],
    changesOf: (eventId) => changes.get(eventId) ?? [],
    ofCommunication: (reference) => communications.get(reference) ?? [],
  };
}

/** An event id begins with a dollar sign (https://spec.matrix.org/v1.19/appendices/#event-ids), which no reference holds. */
export function refersToEvent(ref: MessageRef): ref is EventId {
  return ref.startsWith('$');
}
