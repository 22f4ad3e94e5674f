// Makes something of each of many that came in together: one of which nothing can be made, or nothing that can be stored, keeps no other waiting.
import type { StoredResource } from '../fhir/server.ts';
import type { NewItem } from '../inbox/item.ts';
import { setAsideItem } from './items/set-aside.ts';

/** What came in together, by what became of it. */
export interface Made<Result> {
  readonly made: readonly Result[];
  /** The items that stand for the others. */
  readonly setAside: readonly NewItem[];
}

/**
 * Makes something of each.
 * @param what they are, such as `matrix.event`
 * @param idOf by which one is told of
 */
export function makeEach<Given, Result>(
  what: string,
  given: readonly Given[],
  idOf: (one: Given) => string,
  make: (one: Given) => Result,
): Made<Result> {
  const made: Result[] = [];
  const setAside: NewItem[] = [];
  for (const one of given) {
    try {
      made.push(make(one));
    } catch {
      // Whatever was thrown may quote it.
      setAside.push(setAsideItem(what, { id: idOf(one), reason: 'unreadable' }));
    }
  }
  return { made, setAside };
}

/** By which a version of a resource that cannot be read is told of. */
export function versionIdOf({ resourceType, id, meta }: StoredResource): string {
  return `${resourceType}/${id}/${meta.versionId}`;
}

/** PostgreSQL keeps these texts in indexes, which take 2,704 bytes of a row. */
const LONGEST_KEY = 600;

/** Tells whether a text can be a key of a table. */
export function isStorableKey(text: string): boolean {
  return text.length <= LONGEST_KEY && !text.includes('\0');
}

/** The items as they can be stored; one that cannot is replaced by one that tells so. */
export function storableItems(items: readonly NewItem[]): readonly NewItem[] {
  return items.map((item) => {
    const { lane, source, sourceId } = item;
    return [lane, source, sourceId].every(isStorableKey)
      ? item
      : setAsideItem(source, { id: sourceId, reason: 'id-unusable' });
  });
}
