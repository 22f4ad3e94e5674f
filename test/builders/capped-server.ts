// A FHIR server that hands out few at once, as HAPI does: a search that it may not store has no links, and no more pages.
import type { FhirRequest } from '../../src/fhir/client.ts';
import { createFhirServer, type StoredResource } from '../../src/fhir/server.ts';

/** How it hands out. */
interface Habits {
  /** The most at once. */
  readonly cap: number;
  /** Whether it links to the next page where it may store the search. */
  readonly links?: boolean;
  /** Whether it says how many there are. */
  readonly counts?: boolean;
}

/** What its clock says. */
export const SERVER_TIME = '2030-01-01T00:00:00.000Z';

/** Creates it on these resources; `asked` are the paths of all requests. */
export function cappedServer(resources: readonly StoredResource[], habits: Habits) {
  const { cap, links = true, counts = true } = habits;
  const asked: string[] = [];
  const request = ({ path, headers = {} }: FhirRequest): Promise<unknown> => {
    asked.push(path);
    const url = new URL(path, 'http://fhir.example/');
    const found = resources.filter((resource) => isAskedFor(resource, url)).sort(byStamp);
    const offset = Number(url.searchParams.get('offset') ?? 0);
    const count = Math.min(cap, Number(url.searchParams.get('_count') ?? cap));
    const isCount = url.searchParams.get('_summary') === 'count';
    const page = isCount ? [] : found.slice(offset, offset + count);
    url.searchParams.set('offset', String(offset + count));
    const hasNext = links && headers['cache-control'] === 'no-cache' && offset + count < found.length;
    return Promise.resolve({
      ...{ resourceType: 'Bundle', type: 'searchset', meta: { lastUpdated: SERVER_TIME } },
      ...(isCount && counts && { total: found.length }),
      link: hasNext ? [{ relation: 'next', url: `${url.pathname.slice(1)}${url.search}` }] : [],
      entry: page.map((resource) => ({ resource })),
    });
  };
  return { asked, server: createFhirServer({ request, answerCode: 'fhir-answer' }, 'client-assigned') };
}

function isAskedFor({ resourceType, meta }: StoredResource, url: URL): boolean {
  const stamp = Date.parse(meta.lastUpdated);
  const bounds = url.searchParams.getAll('_lastUpdated');
  return (
    url.pathname === `/${resourceType}` &&
    bounds.every((bound) => {
      const at = Date.parse(bound.slice(2));
      return bound.startsWith('ge') ? stamp >= at : stamp < at;
    })
  );
}

function byStamp(a: StoredResource, b: StoredResource): number {
  return Date.parse(a.meta.lastUpdated) - Date.parse(b.meta.lastUpdated);
}
