// The FHIR server's interactions that the bridge uses, typed and checked (FHIR R4 RESTful API).
import { z } from 'zod';
import type { Communication, FhirResource, ResourceVersion } from '../domain/fhir.ts';
import { versionOf } from '../domain/fhir.ts';
import { referenceTo } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { wasCreated, type FhirClient, type FhirRequest } from './client.ts';
import { deletionsSince, hasNoHistory } from './deletions.ts';
import { isOwnAmong, type OwnMark } from './own-resource.ts';
import { history, read, readMany, readVersion, wasDeleted } from './read.ts';
import { countFound, search, searchStamp, type Query } from './search.ts';
import { pages, searchAll } from './search-all.ts';
import { parseStored, type StoredResource } from './stored.ts';
import { ALL_TAGS, ifMatch, updateAll } from './update-all.ts';

export type { SearchPage } from './search.ts';
export type { StoredResource } from './stored.ts';

/**
 * Creates the interactions on a client.
 * @param idStrategy whether the bridge may choose ids (`PUT Type/id` creates) or the server does (`If-None-Exist`)
 * @param onWritten told of each version that was written, as soon as the server has answered
 */
export function createFhirServer(
  client: FhirClient,
  idStrategy: 'client-assigned' | 'server-assigned',
  onWritten: (version: ResourceVersion) => void = () => undefined,
) {
  const written = (resource: StoredResource): ResourceVersion => {
    const version = versionOf(resource);
    onWritten(version);
    return version;
  };
  return {
    read: read.bind(undefined, client),
    readVersion: readVersion.bind(undefined, client),
    wasDeleted: wasDeleted.bind(undefined, client),
    readMany: readMany.bind(undefined, client),
    history: history.bind(undefined, client),
    pages: (resourceType: string, query: Query, signal?: AbortSignal) =>
      pages(client, resourceType, query, signal),
    search: search.bind(undefined, client),
    searchStamp: searchStamp.bind(undefined, client),
    count: countFound.bind(undefined, client),
    deletionsSince: deletionsSince.bind(undefined, client),
    searchAll: searchAll.bind(undefined, client),

    /**
     * Creates a resource once, however often it is called: by its own id, or by its first identifier, or by its first tag where
     * its type has no identifiers.
     * @param mayExist true when an earlier attempt may have written it: then it is looked for first
     * @throws BridgeError `fhir-foreign` when what is found by them is not what the bridge writes, nor was it in an earlier version
     */
    async createOnce(
      resource: FhirResource & { id: string },
      { mayExist, signal }: { mayExist: boolean; signal?: AbortSignal | undefined },
    ): Promise<ResourceVersion> {
      const own = referenceTo(resource.resourceType, resource.id);
      if (idStrategy === 'server-assigned') return createIfNoneExists(client, resource, written, signal);
      const existing = mayExist ? await read(client, own, signal) : undefined;
      if (existing !== undefined) return ownVersion(client, existing, resource, signal);
      return written(await write(client, 'create', resource, { method: 'PUT', path: own, signal }));
    },

    /**
     * Updates a resource if it is still in the version it was read in.
     * @throws BridgeError `fhir-conflict` when someone else was faster (HAPI says 409, the specification 412)
     */
    async update(resource: StoredResource, signal?: AbortSignal): Promise<ResourceVersion> {
      const path = `${resource.resourceType}/${resource.id}`;
      const headers = { ...ALL_TAGS, 'if-match': ifMatch(resource) };
      return written(await write(client, 'update', resource, { method: 'PUT', path, headers, signal }));
    },

    /** Updates messages likewise, all in one transaction or none; see `updateAll`. */
    async updateMessages(
      resources: readonly StoredResource<Communication>[],
      signal?: AbortSignal,
    ): Promise<readonly ResourceVersion[]> {
      const versions = await updateAll(client, resources, signal);
      for (const version of versions) onWritten(version);
      return versions;
    },

    /** Creates a resource under an id given by the server. Not idempotent: a repeated call makes a second one. */
    async create(resource: FhirResource, signal?: AbortSignal): Promise<ResourceVersion> {
      const to = { method: 'POST', path: resource.resourceType, signal } as const;
      return written(await write(client, 'create', resource, to));
    },
  };
}

export type FhirServer = ReturnType<typeof createFhirServer>;

async function createIfNoneExists(
  client: FhirClient,
  resource: FhirResource & { id: string },
  written: (resource: StoredResource) => ResourceVersion,
  signal: AbortSignal | undefined,
): Promise<ResourceVersion> {
  const { parameter, system, value } = markOf(resource);
  const headers = { 'if-none-exist': `${parameter}=${encodeURIComponent(`${system}|${value}`)}` };
  const withoutId = { ...resource, id: undefined };
  const to = { method: 'POST', path: resource.resourceType, headers, signal } as const;
  const answer = await write(client, 'create', withoutId, to);
  return wasCreated(answer) ? written(answer) : ownVersion(client, answer, resource, signal);
}

/** The version of what was found in place of what was to be written. */
async function ownVersion(
  client: FhirClient,
  found: StoredResource,
  own: FhirResource,
  signal: AbortSignal | undefined,
): Promise<ResourceVersion> {
  const mark = findMark(own);
  const version = versionOf(found);
  const isOwn =
    isOwnAmong([found], own, mark) || isOwnAmong(await versions(client, version, signal), own, mark);
  if (isOwn) return version;
  throw new BridgeError('fhir-foreign', `${own.resourceType}: found, and is not what is written`);
}

/** All versions that the server shows: none where it keeps no history. */
async function versions(
  client: FhirClient,
  { reference }: ResourceVersion,
  signal: AbortSignal | undefined,
): Promise<readonly StoredResource[]> {
  try {
    return await history(client, reference, signal);
  } catch (error) {
    if (hasNoHistory(error)) return [];
    throw error;
  }
}

const tokenSchema = z.object({ system: z.string(), value: z.string() });
const tagSchema = z.object({ system: z.string(), code: z.string() });

/** By what the resource is found again: an identifier or a tag, and the search parameter for it. */
interface FoundBy extends OwnMark {
  readonly parameter: 'identifier' | '_tag';
}

function findMark(resource: FhirResource): FoundBy | undefined {
  const first =
    'identifier' in resource && Array.isArray(resource.identifier) ? resource.identifier[0] : undefined;
  const identifier = tokenSchema.safeParse(first).data;
  if (identifier !== undefined) return { parameter: 'identifier', ...identifier };
  const tag = tagSchema.safeParse(resource.meta?.tag?.[0]).data;
  return tag && { parameter: '_tag', system: tag.system, value: tag.code };
}

function markOf(resource: FhirResource): FoundBy {
  const mark = findMark(resource);
  if (mark !== undefined) return mark;
  throw new TypeError('A resource without identifier and tag cannot be created conditionally');
}

async function write(
  client: FhirClient,
  verb: 'create' | 'update',
  resource: { readonly resourceType: string },
  to: Pick<FhirRequest, 'method' | 'path' | 'headers' | 'signal'>,
): Promise<StoredResource> {
  const { resourceType } = resource;
  const answer = await client.request({
    ...to,
    operation: `${verb} ${resourceType}`,
    headers: { ...to.headers, prefer: 'return=representation' },
    body: resource,
  });
  return parseStored(client, answer, resourceType);
}
