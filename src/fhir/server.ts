// The FHIR server's interactions that the bridge uses, typed and checked (FHIR R4 RESTful API).
import { z } from 'zod';
import type { FhirResource, ResourceVersion } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { idOf, referenceTo, typeOf } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { FhirAnswer, FhirClient, FhirRequest } from './client.ts';
import { FhirRefusal } from './client.ts';

/** A resource as the server keeps it: it has an id and a version. */
export type StoredResource<Type extends FhirResource = FhirResource> = Type & {
  id: string;
  meta: { versionId: string; lastUpdated: string };
};

const storedSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  meta: z.looseObject({ versionId: z.string(), lastUpdated: z.string() }),
});
const bundleSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  meta: z.looseObject({ lastUpdated: z.string().optional() }).optional(),
  entry: z.array(z.looseObject({ resource: storedSchema.optional() })).optional(),
});

/** A page of a search, with the server's time of the answer. */
export interface SearchPage {
  readonly resources: readonly StoredResource[];
  /** An instant by the server's clock; the bridge's own clock is never used for cursors. */
  readonly serverTime: string | undefined;
}

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
     * @param query the parameters, encoded here
     */
    async search(
      resourceType: string,
      query: readonly (readonly [string, string])[],
      count: number,
      signal?: AbortSignal,
    ): Promise<SearchPage> {
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
    },

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

/** The version of a resource as read. */
export function versionOf(resource: StoredResource): ResourceVersion {
  return {
    reference: referenceTo(resource.resourceType, resource.id),
    versionId: resource.meta.versionId,
    lastUpdated: resource.meta.lastUpdated,
  };
}

async function read(
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
  const answer = await client.request({
    ...request,
    headers: { ...request.headers, prefer: 'return=representation' },
  });
  return versionOf(parseStored(answer.body, resourceTypeIn(answer, request)));
}

function resourceTypeIn({ body }: FhirAnswer, request: FhirRequest): string {
  const expected = request.path.split('/')[0] ?? '';
  return z.looseObject({ resourceType: z.string() }).safeParse(body).data?.resourceType ?? expected;
}

function parseStored(body: unknown, resourceType: string): StoredResource {
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

function parsePage(body: unknown, resourceType: string): SearchPage {
  const parsed = bundleSchema.safeParse(body);
  if (!parsed.success) throw new BridgeError('fhir-answer', `search ${resourceType}: expected a Bundle`);
  const resources = (parsed.data.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === resourceType ? [resource as unknown as StoredResource] : [],
  );
  return { resources, serverTime: parsed.data.meta?.lastUpdated };
}
