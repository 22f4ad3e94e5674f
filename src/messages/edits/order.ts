// Which edit of a message is the latest, and in which records the message stands after all of them.
import type { FhirReference } from '../../domain/ids.ts';
import type { Link } from '../kind.ts';

/** The records in which a message stands now: after each correction, those that the correction made. */
export function recordsNow(originals: readonly Link[], changes: readonly Link[]): readonly FhirReference[] {
  const edits = changes
    .filter(({ kind }) => kind === 'edit')
    .toSorted((a, b) => (isLater(momentOf(a), momentOf(b)) ? 1 : -1));
  let now = communicationsIn(originals);
  const seen = new Set(now);
  for (const links of Map.groupBy(edits, ({ cause }) => cause).values()) {
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
