// Reading from the FHIR server: one resource, many, a search, a search for all (FHIR R4 RESTful API).
import { z } from 'zod';
import type { FhirResource, ResourceVersion } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { idOf, referenceTo, typeOf } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { FhirClient } from './client.ts';
import { FhirRefusal } from './client.ts';

/** A resource as the server keeps it: it has an id and a version. */
export type StoredResource<Type extends FhirResource = FhirResource> = Type & {
  id: string;
  meta: { versionId: string; lastUpdated: string };
};

/** The parameters of a search; encoded here. */
export type Query = readonly (readonly [string, string])[];

const storedSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  meta: z.looseObject({ versionId: z.string(), lastUpdated: z.string() }),
});
const bundleSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  meta: z.looseObject({ lastUpdated: z.string().optional() }).optional(),
  total: z.number().optional(),
  entry: z.array(z.looseObject({ resource: storedSchema.optional() })).optional(),
});

/** A page of a search, with the server's time of the answer. */
export interface SearchPage {
  readonly resources: readonly StoredResource[];
  /** An instant by the server's clock; the bridge's own clock is never used for cursors. */
  readonly serverTime: string | undefined;
}

interface Search {
  readonly resourceType: string;
  readonly query: Query;
  /** Resources in the page at most; servers may hand out fewer. */
  readonly count: number;
}

/** References in one search at most, and how long their ids may be together: a URL has room for so much. */
const MOST_IDS = 100;
const LONGEST_IDS = 4000;
/** Resources in a page of a search for all. */
const PAGE = 100;

/** The version of a resource as read. */
export function versionOf(resource: StoredResource): ResourceVersion {
  return {
    reference: referenceTo(resource.resourceType, resource.id),
    versionId: resource.meta.versionId,
    lastUpdated: resource.meta.lastUpdated,
  };
}

/** A search that bypasses the server's cache and leaves nothing in it (`no-store`). */
export async function search(client: FhirClient, wanted: Search, signal?: AbortSignal): Promise<SearchPage> {
  const { resources, serverTime } = await searchPage(client, wanted, signal);
  return { resources, serverTime };
}

async function searchPage(
  client: FhirClient,
  { resourceType, query, count }: Search,
  signal?: AbortSignal,
): Promise<SearchPage & { readonly total: number | undefined }> {
  const params = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]));
  params.append('_count', String(count));
  const answer = await client.request({
    operation: `search ${resourceType}`,
    method: 'GET',
    path: `${resourceType}?${params.toString()}`,
    headers: { 'cache-control': `no-store, max-results=${count}` },
    signal,
  });
  return parsePage(answer.body, resourceType);
}

/**
 * All that a search finds, page after page by `_lastUpdated`, oldest first. That a page is short proves nothing, since
 * servers hand out fewer than they are asked for; that it brings nothing new does.
 * @param limit after this many it stops, and `complete` is false
 */
export async function searchAll(
  client: FhirClient,
  { resourceType, query, limit }: Omit<Search, 'count'> & { readonly limit: number },
  signal?: AbortSignal,
): Promise<{ readonly resources: readonly StoredResource[]; readonly complete: boolean }> {
  const found = new Map<string, StoredResource>();
  let from: string | undefined;
  for (let count = PAGE; ;) {
    const since: Query = from === undefined ? [] : [['_lastUpdated', `ge${from}`]];
    const order: Query = [['_sort', '_lastUpdated']];
    const { resources, total } = await searchPage(
      client,
      { resourceType, query: [...query, ...since, ...order], count },
      signal,
    );
    const before = found.size;
    for (const resource of resources) found.set(resource.id, resource);
    const isShort = resources.length < count;
    const isDone = isShort && (total === undefined ? found.size === before : total <= resources.length);
    if (isDone || found.size > limit || count > limit) {
      return { resources: [...found.values()].slice(0, limit), complete: isDone && found.size <= limit };
    }
    // The next page begins at the last stamp, and is larger where this one was full of it.
    const last = resources.at(-1)?.meta.lastUpdated;
    if (last === undefined || last === from) count *= 2;
    from = last ?? from;
  }
}

/** The current versions of many resources, with one search per type and hundred. */
export async function readMany(
  client: FhirClient,
  references: readonly FhirReference[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<FhirReference, StoredResource>> {
  const found = await Promise.all(chunksOf(references).map((chunk) => readChunk(client, chunk, signal)));
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
  signal?: AbortSignal,
): Promise<readonly StoredResource[]> {
  const [first] = references;
  if (first === undefined) return [];
  const found = new Map<string, StoredResource>();
  if (references.length > 1) {
    const query: Query = [['_id', references.map(idOf).join(',')]];
    const { resources } = await search(
      client,
      { resourceType: typeOf(first), query, count: references.length },
      signal,
    );
    for (const resource of resources) found.set(resource.id, resource);
  }
  const chosen: StoredResource[] = [];
  for (const reference of references) {
    const resource = found.get(idOf(reference)) ?? (await read(client, reference, signal));
    if (resource !== undefined) chosen.push(resource);
  }
  return chosen;
}

/** The current version; undefined when there is none, or it was deleted. */
export async function read(
  client: FhirClient,
  reference: FhirReference,
  signal?: AbortSignal,
): Promise<StoredResource | undefined> {
  try {
    const path = `${typeOf(reference)}/${idOf(reference)}`;
    const answer = await client.request({
      operation: `read ${typeOf(reference)}`,
      method: 'GET',
      path,
      signal,
    });
    return parseStored(answer.body, typeOf(reference));
  } catch (error) {
    if (error instanceof FhirRefusal && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

/** Checks that a body is a stored resource of a type. */
export function parseStored(body: unknown, resourceType: string): StoredResource {
  const parsed = storedSchema.safeParse(body);
  if (!parsed.success || parsed.data.resourceType !== resourceType) {
    throw new BridgeError(
      'fhir-answer',
      `expected a ${resourceType} with id, meta.versionId and meta.lastUpdated`,
    );
  }
  // The schema checks what the bridge relies on; the other elements are read leniently by the mapping.
  return parsed.data as unknown as StoredResource;
}

function parsePage(body: unknown, resourceType: string): SearchPage & { readonly total: number | undefined } {
  const parsed = bundleSchema.safeParse(body);
  if (!parsed.success) throw new BridgeError('fhir-answer', `search ${resourceType}: expected a Bundle`);
  const resources = (parsed.data.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === resourceType ? [resource as unknown as StoredResource] : [],
  );
  const { total, meta } = parsed.data;
  return { resources, serverTime: meta?.lastUpdated, total };
}
