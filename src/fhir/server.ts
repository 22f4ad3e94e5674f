// The FHIR server's interactions that the bridge uses, typed and checked (FHIR R4 RESTful API).
import { z } from 'zod';
import type { FhirResource, ResourceVersion } from '../domain/fhir.ts';
import { versionOf } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { referenceTo } from '../domain/ids.ts';
import type { FhirClient, FhirRequest } from './client.ts';
import type { PageStep } from './pager.ts';
import { LARGEST_PAGE } from './pager.ts';
import type { Query, SearchPage, StoredResource } from './read.ts';
import { pagesOf, parseStored, read, readMany, search, searchAll } from './read.ts';

export type { SearchPage, StoredResource } from './read.ts';

/**
 * Creates the interactions on a client.
 * @param idStrategy whether the bridge may choose ids (`PUT Type/id` creates) or the server does (`If-None-Exist`)
 */
export function createFhirServer(client: FhirClient, idStrategy: 'client-assigned' | 'server-assigned') {
  return {
    /** The current version; undefined when there is none, or it was deleted. */
    read: (reference: FhirReference, signal?: AbortSignal) => read(client, reference, signal),

    /**
     * A search that bypasses the server's cache and leaves nothing in it (`no-store`).
     * @param count resources in the page at most; servers may hand out fewer
     */
    search: (resourceType: string, query: Query, count: number, signal?: AbortSignal): Promise<SearchPage> =>
      search(client, { resourceType, query, count }, signal),

    /**
     * The current versions of many, with one search per type and hundred.
     * @returns those that there are
     */
    readMany: (
      references: readonly FhirReference[],
      signal?: AbortSignal,
    ): Promise<ReadonlyMap<FhirReference, StoredResource>> => readMany(client, references, signal),

    /**
     * All that a search finds, page after page by `_lastUpdated`, oldest first.
     * @param limit after this many it stops, and `complete` is false
     */
    searchAll: (
      resourceType: string,
      query: Query,
      limit: number,
      signal?: AbortSignal,
    ): Promise<{ readonly resources: readonly StoredResource[]; readonly complete: boolean }> =>
      searchAll(client, { resourceType, query, limit }, signal),

    /**
     * The pages of all that a search finds, by `_lastUpdated`, oldest first; one resource may be on several.
     * @throws BridgeError `fhir-answer` when too many bear one stamp, and the server gives no links to further pages
     */
    pages: (
      resourceType: string,
      query: Query,
      signal?: AbortSignal,
    ): AsyncGenerator<PageStep<StoredResource>> =>
      pagesOf(client, { resourceType, query, largest: LARGEST_PAGE }, signal),

    /**
     * Creates a resource once, however often it is called: by its own id, or by its first identifier.
     * @param mayExist true when an earlier attempt may have written it: then it is looked for first
     */
    async createOnce(
      resource: FhirResource & { id: string },
      { mayExist, signal }: { mayExist: boolean; signal?: AbortSignal | undefined },
    ): Promise<ResourceVersion> {
      const own = referenceTo(resource.resourceType, resource.id);
      if (idStrategy === 'server-assigned') return createIfNoneExists(client, resource, signal);
      const existing = mayExist ? await read(client, own, signal) : undefined;
      if (existing !== undefined) return versionOf(existing);
      return write(client, {
        operation: `create ${resource.resourceType}`,
        method: 'PUT',
        path: own,
        body: resource,
        signal,
      });
    },

    /**
     * Updates a resource if it is still in the version it was read in.
     * @throws BridgeError `fhir-conflict` when someone else was faster (HAPI says 409, the specification 412)
     */
    async update(resource: StoredResource, signal?: AbortSignal): Promise<ResourceVersion> {
      return write(client, {
        operation: `update ${resource.resourceType}`,
        method: 'PUT',
        path: `${resource.resourceType}/${resource.id}`,
        headers: { 'if-match': `W/"${resource.meta.versionId}"` },
        body: resource,
        signal,
      });
    },

    /** Creates a resource under an id given by the server. Not idempotent: a repeated call makes a second one. */
    async create(resource: FhirResource, signal?: AbortSignal): Promise<ResourceVersion> {
      return write(client, {
        operation: `create ${resource.resourceType}`,
        method: 'POST',
        path: resource.resourceType,
        body: resource,
        signal,
      });
    },
  };
}

export type FhirServer = ReturnType<typeof createFhirServer>;

async function createIfNoneExists(
  client: FhirClient,
  resource: FhirResource & { id: string },
  signal: AbortSignal | undefined,
): Promise<ResourceVersion> {
  const body = { ...resource, id: undefined };
  const identifier =
    'identifier' in resource && Array.isArray(resource.identifier) ? resource.identifier[0] : undefined;
  const parsed = z.object({ system: z.string(), value: z.string() }).safeParse(identifier);
  if (!parsed.success) throw new TypeError('A resource without identifier cannot be created conditionally');
  const token = encodeURIComponent(`${parsed.data.system}|${parsed.data.value}`);
  return write(client, {
    operation: `create ${resource.resourceType}`,
    method: 'POST',
    path: resource.resourceType,
    headers: { 'if-none-exist': `identifier=${token}` },
    body,
    signal,
  });
}

async function write(client: FhirClient, request: FhirRequest): Promise<ResourceVersion> {
  const body = await client.request({
    ...request,
    headers: { ...request.headers, prefer: 'return=representation' },
  });
  return versionOf(parseStored(client, body, resourceTypeIn(body, request)));
}

function resourceTypeIn(body: unknown, request: FhirRequest): string {
  const expected = request.path.split('/')[0] ?? '';
  return z.looseObject({ resourceType: z.string() }).safeParse(body).data?.resourceType ?? expected;
}
