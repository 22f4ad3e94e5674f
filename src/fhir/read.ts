// Reading from the FHIR server: one resource, many, a search, a search for all (FHIR R4 RESTful API).
import { z } from 'zod';
import type { FhirResource } from '../domain/fhir.ts';
import { versionOf } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { idOf, isFhirId, typeOf } from '../domain/ids.ts';
import { encodeForm } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { parseBundle } from './bundle.ts';
import type { FhirClient } from './client.ts';
import { FhirRefusal } from './client.ts';
import type { Malformed, PageStep, Position, SortedPage } from './pager.ts';
import { BEGINNING, LARGEST_PAGE, pagesByStamp } from './pager.ts';

/** A resource as the server keeps it: it has an id and a version. */
export type StoredResource<Type extends FhirResource = FhirResource> = Type & {
  id: string;
  meta: { versionId: string; lastUpdated: string };
};

/** The parameters of a search; encoded here. */
export type Query = readonly (readonly [string, string])[];

const storedSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string().refine(isFhirId),
  // As PostgreSQL takes them: servers of other versions of FHIR give longer ids of versions.
  meta: z.looseObject({
    versionId: z.string().regex(/^[!-~]{1,200}$/),
    lastUpdated: z.iso.datetime({ offset: true }),
  }),
});
const isStored = (value: unknown): value is StoredResource => storedSchema.safeParse(value).success;

/** A page of a search, with the server's time of the answer. */
export interface SearchPage extends SortedPage<StoredResource> {
  /** An instant by the server's clock; the bridge's own clock is never used for cursors. */
  readonly serverTime: string | undefined;
}

/** References in one search at most, and how long their ids may be together: a URL has room for so much. */
const MOST_IDS = 100;
const LONGEST_IDS = 4000;
/** Resources in a page of a search for all. */
const PAGE = 100;

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
  const most = Math.min(count, client.searching?.largestPage ?? count);
  const path = `${resourceType}?${encodeForm([...query, ['_count', String(most)]])}`;
  return pageAt(client, path, { resourceType, count: most }, signal);
}

/** The newest versions of a resource, fifty at most, newest first. https://hl7.org/fhir/R4/http.html#history */
export async function history(
  client: FhirClient,
  reference: FhirReference,
  signal?: AbortSignal,
): Promise<readonly StoredResource[]> {
  const resourceType = typeOf(reference);
  const operation = `history ${resourceType}`;
  const body = await client.request({
    operation,
    method: 'GET',
    path: `${reference}/_history?_count=50`,
    signal,
  });
  const { resources } = parseBundle(client, operation, body);
  return resources.map((resource) => parseStored(client, resource, resourceType));
}

async function pageAt(
  client: FhirClient,
  path: string,
  of: { readonly resourceType: string; readonly count: number },
  signal?: AbortSignal,
): Promise<SearchPage> {
  const { resourceType, count } = of;
  const operation = `search ${resourceType}`;
  const mayStore = client.searching?.cacheControl === 'no-cache';
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

/**
 * The pages of all that a search finds, by `_lastUpdated`, oldest first; one resource may be on several.
 * @param largest the most resources to ask for at once, when so many bear one stamp
 * @throws BridgeError `fhir-answer` when more than that bear one stamp, and the server gives no links to further pages; or when
 *   one is malformed, because who asks for all of them decides by all of them
 */
export async function* pages(
  client: FhirClient,
  resourceType: string,
  query: Query,
  signal?: AbortSignal,
  largest = LARGEST_PAGE,
): AsyncGenerator<PageStep<StoredResource>> {
  const read = ({ from, size }: Position): Promise<SearchPage> => {
    const since: Query = from === BEGINNING ? [] : [['_lastUpdated', `ge${from}`]];
    return search(client, resourceType, [...query, ...since, ['_sort', '_lastUpdated']], size, signal);
  };
  const start = { from: BEGINNING, size: PAGE };
  for await (const step of pagesByStamp({ read, largest, what: resourceType }, start, signal)) {
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
  // The limit ends what would else grow without end: pages full of one stamp.
  for await (const { page } of pages(client, resourceType, query, signal, Number.POSITIVE_INFINITY)) {
    for (const resource of page.resources) found.set(resource.id, resource);
    complete = (page.total ?? 0) <= page.resources.length;
    if (found.size > limit || (page.total !== undefined && complete)) break;
  }
  return { resources: [...found.values()].slice(0, limit), complete: complete && found.size <= limit };
}

/**
 * The current versions of many resources, with one search per type and hundred.
 * @param onForbidden told of those that may not be read; without it they are errors
 */
export async function readMany(
  client: FhirClient,
  references: readonly FhirReference[],
  signal?: AbortSignal,
  onForbidden?: (reference: FhirReference, error: BridgeError) => void,
): Promise<ReadonlyMap<FhirReference, StoredResource>> {
  const found = await Promise.all(
    chunksOf(references).map((chunk) => readChunk(client, chunk, { signal, onForbidden })),
  );
  return new Map(found.flat().map((resource) => [versionOf(resource).reference, resource]));
}

function chunksOf(references: readonly FhirReference[]): readonly (readonly FhirReference[])[] {
  const chunks: FhirReference[][] = [];
  const open = new Map<string, { chunk: FhirReference[]; length: number }>();
  for (const reference of new Set(references)) {
    const current = open.get(typeOf(reference));
    const length = (current?.length ?? 0) + reference.length;
    if (current !== undefined && current.chunk.length < MOST_IDS && length <= LONGEST_IDS) {
      current.chunk.push(reference);
      current.length = length;
    } else {
      const chunk = [reference];
      chunks.push(chunk);
      open.set(typeOf(reference), { chunk, length: reference.length });
    }
  }
  return chunks;
}

/**
 * References of one type. What a search does not show is read by itself, so that a server that hands out fewer, or does
 * not search by id, makes nobody disappear.
 */
async function readChunk(
  client: FhirClient,
  references: readonly FhirReference[],
  {
    signal,
    onForbidden,
  }: {
    readonly signal: AbortSignal | undefined;
    readonly onForbidden: ((reference: FhirReference, error: BridgeError) => void) | undefined;
  },
): Promise<readonly StoredResource[]> {
  const [first] = references;
  if (first === undefined) return [];
  const found = new Map<string, StoredResource>();
  if (references.length > 1) {
    const query: Query = [['_id', references.map(idOf).join(',')]];
    // A search may be refused for one of many that it would find.
    const page = await search(client, typeOf(first), query, references.length, signal).catch(unlessForbidden);
    for (const resource of page?.resources ?? []) found.set(resource.id, resource);
  }
  const chosen: StoredResource[] = [];
  for (const reference of references) {
    const resource =
      found.get(idOf(reference)) ??
      (await read(client, reference, signal).catch((error: unknown) => {
        if (onForbidden === undefined || !isForbidden(error)) throw error;
        onForbidden(reference, error);
        return undefined;
      }));
    if (resource !== undefined) chosen.push(resource);
  }
  return chosen;
}

/** Whether an error says that one resource may not be read or written, while others may. */
export function isForbidden(error: unknown): error is BridgeError {
  return error instanceof BridgeError && error.code === 'fhir-forbidden';
}

function unlessForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

/** The current version; undefined when there is none, or it was deleted. */
export async function read(
  client: FhirClient,
  reference: FhirReference,
  signal?: AbortSignal,
): Promise<StoredResource | undefined> {
  try {
    const type = typeOf(reference);
    const path = `${type}/${idOf(reference)}`;
    const body = await client.request({ operation: `read ${type}`, method: 'GET', path, signal });
    return parseStored(client, body, type);
  } catch (error) {
    if (error instanceof FhirRefusal && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

/**
 * Checks that a body is a stored resource of a type.
 * @throws BridgeError when it is not
 */
export function parseStored(
  { answerCode }: Pick<FhirClient, 'answerCode'>,
  body: unknown,
  resourceType: string,
): StoredResource {
  // What the bridge relies on is checked; the other elements are read leniently by the mapping.
  if (isStored(body) && body.resourceType === resourceType) return body;
  throw notStored({ answerCode }, resourceType);
}

const notStored = ({ answerCode }: Pick<FhirClient, 'answerCode'>, resourceType: string): BridgeError =>
  new BridgeError(answerCode, `expected a ${resourceType} with id, meta.versionId and meta.lastUpdated`);
