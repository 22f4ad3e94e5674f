// Resources page by page → in the order of their stamps, and of `sent` within one stamp, also where a page splits the stamp.
import { referenceTo } from '../domain/ids.ts';
import type { PageStep } from './pager.ts';
import type { StoredResource } from './server.ts';

/** The most that are held back. Of a stamp that bears more, the order is that of its parts. */
export const MOST_HELD = 2000;

/** Creates the order. */
export function createAuthorsOrder() {
  let held = new Map<string, StoredResource>();

  /** Those that are stamped before an instant, or all; the others stay. */
  function take(before: number): readonly StoredResource[] {
    const all = [...held.values()];
    const isReady = ({ meta }: StoredResource): boolean => Date.parse(meta.lastUpdated) < before;
    held = new Map(all.filter((resource) => !isReady(resource)).map(entryOf));
    return all.filter(isReady).sort(byStampThenSent);
  }

  return {
    /** Adds a page. @returns what no later page can come before */
    add({ page, next }: PageStep<StoredResource>): readonly StoredResource[] {
      for (const resource of page.resources) held.set(...entryOf(resource));
      if (next === undefined || held.size > MOST_HELD) return take(Number.POSITIVE_INFINITY);
      return next === 'same stamp' ? [] : take(Date.parse(next.from));
    },
  };
}

function entryOf(resource: StoredResource): [string, StoredResource] {
  return [referenceTo(resource.resourceType, resource.id), resource];
}

function byStampThenSent(a: StoredResource, b: StoredResource): number {
  return Date.parse(a.meta.lastUpdated) - Date.parse(b.meta.lastUpdated) || sent(a) - sent(b);
}

function sent(resource: StoredResource): number {
  return resource.resourceType === 'Communication' ? Date.parse(resource.sent ?? '') || 0 : 0;
}
