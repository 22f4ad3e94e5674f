// One search on the FHIR server, page by page, past the server's cache (https://hl7.org/fhir/R4/search.html).
import { z } from 'zod';
import { isFhirId } from '../domain/ids.ts';
import { encodeForm } from '../net/http.ts';
import { parseBundle } from './bundle.ts';
import type { FhirClient } from './client.ts';
import { FhirRefusal } from './client.ts';
import type { Malformed, Position, SortedPage } from './pager.ts';
import { withinStamp } from './pager.ts';
import { isStored, type StoredResource } from './stored.ts';

/** The parameters of a search; encoded here. */
export type Query = readonly (readonly [string, string])[];

/** A page of a search, with the server's time of the answer. */
export interface SearchPage extends SortedPage<StoredResource> {
  /** An instant by the server's clock; the bridge's own clock is never used for cursors. */
  readonly serverTime: string | undefined;
}

/** The most that servers hand out in one answer (HAPI). */
const LARGEST_PAGE = 1000;

/**
 * A search that bypasses the server's cache, by the rules of the server.
 * @param count resources in the page at most; servers may hand out fewer
 */
export async function search(
  client: FhirClient,
  resourceType: string,
  query: Query,
  count: number,
  signal?: AbortSignal,
): Promise<SearchPage> {
  return firstPage(client, { resourceType, query, count, cache: 'no-store' }, signal);
}

/**
 * A search for what bears one stamp, by links that lead to all of it: those only a search has that the server keeps.
 * @returns undefined where nothing bears it any more; else with the server's count as `total`, if it tells one
 */
export async function searchStamp(
  client: FhirClient,
  resourceType: string,
  query: Query,
  stamp: Position,
  signal?: AbortSignal,
): Promise<SearchPage | undefined> {
  const asked = { resourceType, query: [...query, ...withinStamp(stamp)] };
  const total = await countFound(client, resourceType, asked.query, signal);
  if (total === 0) return undefined;
  const count = Math.min(Math.max(total ?? 0, stamp.size), LARGEST_PAGE);
  return { ...(await firstPage(client, { ...asked, count, cache: 'no-cache' }, signal)), total };
}

/**
 * How many a search finds.
 * @returns undefined where the server does not tell: to some, what others may see is a secret
 */
export async function countFound(
  client: FhirClient,
  resourceType: string,
  query: Query,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    // HAPI refuses to count where elements are chosen.
    const counted = query.filter(([name]) => name !== '_elements');
    const path = `${resourceType}?${encodeForm([...counted, ['_summary', 'count']])}`;
    const { total } = await pageAt(client, path, { resourceType, count: 1, cache: 'no-store' }, signal);
    return total;
  } catch (error) {
    if (error instanceof FhirRefusal && [400, 403, 404, 405, 501].includes(error.status)) return undefined;
    throw error;
  }
}

interface Search {
  readonly resourceType: string;
  readonly query: Query;
  /** Resources in a page at most. */
  readonly count: number;
  /** Whether the server may keep the search, for what its links lead to. */
  readonly cache: 'no-cache' | 'no-store';
}

function firstPage(client: FhirClient, search: Search, signal: AbortSignal | undefined): Promise<SearchPage> {
  const { resourceType, query } = search;
  const count = Math.min(search.count, client.searching?.largestPage ?? search.count);
  const path = `${resourceType}?${encodeForm([...query, ['_count', String(count)]])}`;
  return pageAt(client, path, { ...search, count }, signal);
}

async function pageAt(
  client: FhirClient,
  path: string,
  of: Omit<Search, 'query'>,
  signal: AbortSignal | undefined,
): Promise<SearchPage> {
  const { resourceType, count, cache } = of;
  const operation = `search ${resourceType}`;
  const mayStore = cache === 'no-cache' || client.searching?.cacheControl === 'no-cache';
  const headers = { 'cache-control': mayStore ? 'no-cache' : `no-store, max-results=${count}` };
  const body = await client.request({ operation, method: 'GET', path, headers, signal });
  const { resources, malformed, next, total, serverTime } = parseBundle(client, operation, body);
  const ofType = resources.filter((resource) => resource.resourceType === resourceType);
  return {
    resources: ofType.filter(isStored),
    malformed: [...malformed, ...ofType.filter((resource) => !isStored(resource))].map(toMalformed),
    total,
    serverTime,
    // On a page further on, servers still tell the total of all.
    readNext:
      next === undefined
        ? undefined
        : async (own = signal) => ({ ...(await pageAt(client, next, of, own)), total: undefined }),
  };
}

const identified = z.looseObject({ id: z.string().refine(isFhirId) });

function toMalformed(value: unknown): Malformed {
  return { id: identified.safeParse(value).data?.id };
}
