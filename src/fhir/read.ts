// Reading from the FHIR server: one resource, its versions, many at once (https://hl7.org/fhir/R4/http.html#read).
import { versionOf } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { idOf, typeOf } from '../domain/ids.ts';
import { parseBundle } from './bundle.ts';
import type { FhirClient } from './client.ts';
import { FhirRefusal } from './client.ts';
import { BEGINNING } from './pager.ts';
import type { Query } from './search.ts';
import { search } from './search.ts';
import { parseStored, type StoredResource } from './stored.ts';
import { BridgeError } from '../telemetry/errors.ts';

/** References in one search at most, and how long their ids may be together: a URL has room for so much. */
const MOST_IDS = 100;
const LONGEST_IDS = 4000;
const GONE: readonly number[] = [404, 410];

/** One version of a resource; undefined where the server has none such. https://hl7.org/fhir/R4/http.html#vread */
export async function readVersion(
  client: FhirClient,
  reference: FhirReference,
  versionId: string,
  signal?: AbortSignal,
): Promise<StoredResource | undefined> {
  return readAt(client, reference, `${reference}/_history/${versionId}`, signal);
}

/**
 * Where the newest versions of a resource are read, fifty at most. HAPI remembers for a while how many there were, and then shows no
 * more than that, unless it is asked for those since an instant.
 */
export function historyPath(reference: FhirReference): string {
  return `${reference}/_history?_since=${BEGINNING}&_count=50`;
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
    path: historyPath(reference),
    signal,
  });
  const { resources } = parseBundle(client, operation, body);
  return resources.map((resource) => parseStored(client, resource, resourceType));
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
  return readAt(client, reference, reference, signal);
}

/** Whether a resource is not there because it was deleted, and not because the server never had it. */
export async function wasDeleted(
  client: FhirClient,
  reference: FhirReference,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await client.request({ operation: `read ${typeOf(reference)}`, method: 'GET', path: reference, signal });
    return false;
  } catch (error) {
    if (error instanceof FhirRefusal && GONE.includes(error.status)) return error.status === 410;
    throw error;
  }
}

async function readAt(
  client: FhirClient,
  reference: FhirReference,
  path: string,
  signal: AbortSignal | undefined,
): Promise<StoredResource | undefined> {
  try {
    const type = typeOf(reference);
    const body = await client.request({ operation: `read ${type}`, method: 'GET', path, signal });
    return parseStored(client, body, type);
  } catch (error) {
    if (error instanceof FhirRefusal && GONE.includes(error.status)) return undefined;
    throw error;
  }
}
