// All that a search on the FHIR server finds, by `_lastUpdated`.
import { BridgeError } from '../telemetry/errors.ts';
import type { FhirClient } from './client.ts';
import type { PageStep, Position } from './pager.ts';
import { BEGINNING, pagesByStamp } from './pager.ts';
import type { Query, SearchPage } from './search.ts';
import { search, searchStamp } from './search.ts';
import type { StoredResource } from './stored.ts';
import { notStored } from './stored.ts';

/** Resources in a page. */
const PAGE = 100;

/**
 * The pages of all that a search finds, by `_lastUpdated`, oldest first; one resource may be on several.
 * @throws BridgeError `fhir-answer` when the server does not hand out all that it counts, or when one is malformed: who asks for
 *   all of them decides by all of them
 */
export async function* pages(
  client: FhirClient,
  resourceType: string,
  query: Query,
  signal?: AbortSignal,
): AsyncGenerator<PageStep<StoredResource>> {
  for await (const step of wellFormed(client, resourceType, query, signal)) {
    if (step.isIncomplete)
      throw new BridgeError(client.answerCode, `not all ${resourceType} of one lastUpdated are handed out`);
    yield step;
  }
}

async function* wellFormed(
  client: FhirClient,
  resourceType: string,
  query: Query,
  signal: AbortSignal | undefined,
): AsyncGenerator<PageStep<StoredResource>> {
  const paging = {
    read({ from, size }: Position): Promise<SearchPage> {
      const since: Query = from === BEGINNING ? [] : [['_lastUpdated', `ge${from}`]];
      return search(client, resourceType, [...query, ...since, ['_sort', '_lastUpdated']], size, signal);
    },
    readStamp: (stamp: Position) => searchStamp(client, resourceType, query, stamp, signal),
    what: resourceType,
  };
  for await (const step of pagesByStamp(paging, { from: BEGINNING, size: PAGE }, signal)) {
    if ((step.page.malformed ?? []).length > 0) throw notStored(client, resourceType);
    yield step;
  }
}

/**
 * All that a search finds, page after page by `_lastUpdated`, oldest first.
 * @param limit after this many it stops, and `complete` is false
 */
export async function searchAll(
  client: FhirClient,
  resourceType: string,
  query: Query,
  limit: number,
  signal?: AbortSignal,
): Promise<{ readonly resources: readonly StoredResource[]; readonly complete: boolean }> {
  const found = new Map<string, StoredResource>();
  let complete = true;
  for await (const { page, isIncomplete } of wellFormed(client, resourceType, query, signal)) {
    for (const resource of page.resources) found.set(resource.id, resource);
    complete = isIncomplete !== true && (page.total ?? 0) <= page.resources.length;
    if (found.size > limit || isIncomplete || (page.total !== undefined && complete)) break;
  }
  return { resources: [...found.values()].slice(0, limit), complete: complete && found.size <= limit };
}
