// Which edit of a message is the latest, and in which records the message stands after all of them.
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { Link, Links } from '../kind.ts';

/** The edits of a message, with all that each of them made: a correction makes a record of its own beside its change. */
export function editsOf(target: EventId, known: Links): readonly Link[] {
  const edits = known.changesOf(target).filter(({ kind }) => kind === 'edit');
  return [...Map.groupBy(edits, ({ cause }) => cause).entries()].flatMap(([cause, changes]) => {
    const events = new Set(changes.flatMap(({ eventId }) => eventId ?? []));
    const made = [...events].flatMap(known.ofEvent).filter((link) => link.cause === cause);
    return [...new Set([...changes, ...made])];
  });
}

/** Those of the edits that were not redacted since. */
export function standing(edits: readonly Link[], known: Pick<Links, 'changesOf'>): readonly Link[] {
  return edits.filter(({ eventId }) => eventId === undefined || !isRetracted(known.changesOf(eventId)));
}

/** Whether one of the changes of a message is its retraction. */
export function isRetracted(changes: readonly Link[]): boolean {
  return changes.some(({ kind }) => kind === 'retraction');
}

/**
 * The records in which a message stands now: after each correction, those that the correction made.
 * @param edits those that stand
 */
export function recordsNow(originals: readonly Link[], edits: readonly Link[]): readonly FhirReference[] {
  const inOrder = edits.toSorted((a, b) => (isLater(momentOf(a), momentOf(b)) ? 1 : -1));
  let now = communicationsIn(originals);
  const seen = new Set(now);
  for (const links of Map.groupBy(inOrder, ({ cause }) => cause).values()) {
    const made = communicationsIn(links).filter((reference) => !seen.has(reference));
    made.forEach((reference) => seen.add(reference));
    if (made.length > 0) now = made;
  }
  return now;
}

function communicationsIn(links: readonly Link[]): readonly FhirReference[] {
  const ordered = links.toSorted((a, b) => a.part - b.part);
  return [...new Set(ordered.flatMap(({ communication }) => communication ?? []))];
}

/** When an edit was made. Of edits the latest counts; of two in one millisecond that with the greater event id, as for all servers. */
export type Moment = readonly [ms: number, eventId: string];

/** When a change was made. */
export function momentOf({ sentAt, eventId }: Link): Moment {
  return [sentAt?.getTime() ?? 0, eventId ?? ''];
}

/** Whether the first was made after the second. */
export function isLater([ms, id]: Moment, [otherMs, otherId]: Moment): boolean {
  return ms === otherMs ? id > otherId : ms > otherMs;
}
