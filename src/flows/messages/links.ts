// What is known of the messages that a message refers to.
import type { EventId } from '../../domain/ids.ts';
import type { Link, Links, MessageRef } from '../../messages/kind.ts';
import type { MessageLink } from '../../store/message-links.ts';
import type { Queryable } from '../../store/database.ts';
import type { Store } from '../../store/tables.ts';

/** Loads the links of these, and tells which were not carried yet; one that is under way counts as missing. */
export async function loadLinks(
  { messageLinks }: Pick<Store, 'messageLinks'>,
  db: Queryable,
  refs: readonly MessageRef[],
): Promise<{ readonly known: Links; readonly missing: readonly MessageRef[] }> {
  const wanted = [...new Set(refs)];
  const eventIds = wanted.filter(isEventId);
  const communications = wanted.filter((ref) => !isEventId(ref));
  const found = wanted.length === 0 ? [] : await messageLinks.findLinks(db, { eventIds, communications });
  const known = linksOf(found.filter(({ completed }) => completed));
  const isMissing = (ref: MessageRef): boolean =>
    (isEventId(ref) ? known.ofEvent(ref) : known.ofCommunication(ref)).length === 0;
  return { known, missing: wanted.filter(isMissing) };
}

/** Tells whether a message that is referred to was carried. */
export async function wasCarried(
  tables: Pick<Store, 'messageLinks'>,
  db: Queryable,
  ref: MessageRef,
): Promise<boolean> {
  return (await loadLinks(tables, db, [ref])).missing.length === 0;
}

function linksOf(found: readonly MessageLink[]): Links {
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
function isEventId(ref: MessageRef): ref is EventId {
  return ref.startsWith('$');
}
