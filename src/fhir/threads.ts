// The FHIR server as the bridge sees it where a conversation is a header Communication: the header is read and written as a
// CommunicationRequest, so that all that follows knows conversations of one kind alone.
import {
  TASK_CODE_SYSTEM,
  type Communication,
  type CommunicationRequest,
  type FhirResource,
  type ResourceVersion,
} from '../domain/fhir.ts';
import { idOf, parseReference, referenceTo, typeOf, type FhirReference } from '../domain/ids.ts';
import type { ThreadHeader, ThreadProfile } from '../domain/threads.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { PageStep, SortedPage } from './pager.ts';
import type { Query } from './search.ts';
import type { FhirServer, StoredResource } from './server.ts';

/** The server, seen by a thread profile. */
export function withThreads(server: FhirServer, { header, threadOf }: ThreadProfile): FhirServer {
  if (header === undefined) return server;
  return { ...server, ...reading(server, header), ...writing(server, header, threadOf) };
}

type Reading = Pick<
  FhirServer,
  | 'count'
  | 'history'
  | 'pages'
  | 'read'
  | 'readMany'
  | 'readVersion'
  | 'search'
  | 'searchAll'
  | 'searchStamp'
  | 'wasDeleted'
>;
type Writing = Pick<FhirServer, 'create' | 'createOnce' | 'update'>;

function reading(server: FhirServer, header: ThreadHeader): Reading {
  const seen = (resource: StoredResource): StoredResource => seenAs(header, resource);
  return {
    async read(reference, signal) {
      const resource = await server.read(keptAs(reference), signal);
      return resource && asAsked([seen(resource)], [reference])[0];
    },
    wasDeleted: (reference, signal) => server.wasDeleted(keptAs(reference), signal),
    async readVersion(reference, versionId, signal) {
      const resource = await server.readVersion(keptAs(reference), versionId, signal);
      return resource && seen(resource);
    },
    async readMany(references, signal, onForbidden) {
      const found = await server.readMany(references.map(keptAs), signal, onForbidden);
      const asked = asAsked([...found.values()].map(seen), references);
      return new Map(asked.map((resource) => [referenceOf(resource), resource]));
    },
    history: async (reference, signal) => (await server.history(keptAs(reference), signal)).map(seen),
    async *pages(resourceType, query, signal) {
      const kept = searchFor(resourceType, query);
      for await (const step of server.pages(kept.resourceType, kept.query, signal))
        yield seenStep(step, seen);
    },
    async search(resourceType, query, count, signal) {
      const kept = searchFor(resourceType, query);
      const page = await server.search(kept.resourceType, kept.query, count, signal);
      return { ...page, ...seenPage(page, seen) };
    },
    count(resourceType, query, signal) {
      const kept = searchFor(resourceType, query);
      return server.count(kept.resourceType, kept.query, signal);
    },
    async searchStamp(resourceType, query, stamp, signal) {
      const kept = searchFor(resourceType, query);
      const page = await server.searchStamp(kept.resourceType, kept.query, stamp, signal);
      return page && { ...page, ...seenPage(page, seen) };
    },
    async searchAll(resourceType, query, limit, signal) {
      const kept = searchFor(resourceType, query);
      const found = await server.searchAll(kept.resourceType, kept.query, limit, signal);
      return { ...found, resources: found.resources.map(seen) };
    },
  };
}

function writing(server: FhirServer, header: ThreadHeader, threadOf: ThreadProfile['threadOf']): Writing {
  const communicationAt = async (
    reference: FhirReference | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StoredResource<Communication> | undefined> => {
    const found = reference && (await server.read(keptAs(reference), signal));
    return found?.resourceType === 'Communication' ? found : undefined;
  };
  return {
    async createOnce(resource, { mayExist, signal }) {
      const { id } = resource;
      const order = { mayExist, signal };
      switch (resource.resourceType) {
        case 'CommunicationRequest': {
          const made = { ...header.toHeader(resource, undefined), id };
          return seenVersion(await server.createOnce(made, order));
        }
        case 'Communication': {
          const of = await communicationAt(threadOf(resource), signal);
          return server.createOnce({ ...header.toMessage(resource, of), id }, order);
        }
        default:
          return server.createOnce({ ...withReferences(resource), id }, order);
      }
    },
    async update(resource, signal) {
      if (resource.resourceType !== 'CommunicationRequest')
        return server.update(isOwnTask(resource) ? withReferences(resource) : resource, signal);
      const { id, meta } = resource;
      const before = await communicationAt(referenceOf(resource), signal);
      // Its elements that no CommunicationRequest has are kept from the version that is replaced, and from no other.
      if (before?.meta.versionId !== meta.versionId)
        throw new BridgeError('fhir-conflict', 'the header of a thread changed meanwhile');
      return seenVersion(await server.update({ ...header.toHeader(resource, before), id, meta }, signal));
    },
    create: (resource, signal) => server.create(withReferences(resource), signal),
  };
}

const referenceOf = ({ resourceType, id }: StoredResource): FhirReference => referenceTo(resourceType, id);

/** Under which reference the server keeps what the bridge knows by this one. */
function keptAs(reference: FhirReference): FhirReference {
  return typeOf(reference) === 'CommunicationRequest'
    ? referenceTo('Communication', idOf(reference))
    : reference;
}

/** A resource as the bridge sees it. Its own Tasks name in `basedOn` the header of their thread. */
function seenAs(header: ThreadHeader, resource: StoredResource): StoredResource {
  switch (resource.resourceType) {
    case 'Communication': {
      if (!header.isHeader(resource)) return resource;
      const { id, meta } = resource;
      return { ...header.toRequest(resource), id, meta } satisfies StoredResource<CommunicationRequest>;
    }
    case 'Task': {
      const { basedOn } = resource;
      if (basedOn === undefined || !isOwnTask(resource)) return resource;
      return { ...resource, basedOn: replaced(basedOn, 'Communication', 'CommunicationRequest') };
    }
    default:
      return resource;
  }
}

/** In those of platforms a CommunicationRequest is one. */
function isOwnTask(resource: FhirResource): boolean {
  const { code = {} } = resource.resourceType === 'Task' ? resource : {};
  return code.coding?.some(({ system }) => system === TASK_CODE_SYSTEM) ?? false;
}

/** A header is no message, and a message is no header. */
function asAsked(
  resources: readonly StoredResource[],
  references: readonly FhirReference[],
): readonly StoredResource[] {
  return resources.filter((resource) => references.includes(referenceOf(resource)));
}

function seenVersion(version: ResourceVersion): ResourceVersion {
  return { ...version, reference: referenceTo('CommunicationRequest', idOf(version.reference)) };
}

type See = (resource: StoredResource) => StoredResource;

function seenPage(page: SortedPage<StoredResource>, seen: See): SortedPage<StoredResource> {
  const { readNext } = page;
  const resources: StoredResource[] = [];
  const malformed = [...(page.malformed ?? [])];
  for (const resource of page.resources) {
    try {
      resources.push(seen(resource));
    } catch {
      malformed.push({ id: resource.id });
    }
  }
  return {
    ...page,
    ...{ resources, malformed },
    readNext: readNext && (async (signal) => seenPage(await readNext(signal), seen)),
  };
}

const seenStep = (step: PageStep<StoredResource>, seen: See): PageStep<StoredResource> => ({
  ...step,
  page: seenPage(step.page, seen),
});

/** Headers are the Communications that are part of no other. */
function searchFor(resourceType: string, query: Query): { resourceType: string; query: Query } {
  const kept = query.map(([name, value]) => [name, keptValue(value)] as const);
  return resourceType === 'CommunicationRequest'
    ? { resourceType: 'Communication', query: [...kept, ['part-of:missing', 'true']] }
    : { resourceType, query: kept };
}

function keptValue(value: string): string {
  const parsed = parseReference(value);
  return parsed?.reference === value ? keptAs(parsed.reference) : value;
}

/** What the bridge writes of conversations besides themselves, Tasks and AuditEvents, names the header in their place. */
function withReferences<Resource extends FhirResource>(resource: Resource): Resource {
  return resource.resourceType === 'Task' || resource.resourceType === 'AuditEvent'
    ? replaced(resource, 'CommunicationRequest', 'Communication')
    : resource;
}

/** The value with references to one type made references to another, and so the codes of types beside them. */
function replaced<Value>(value: Value, from: string, to: string): Value {
  const replacer = (key: string, each: unknown): unknown => {
    if (typeof each !== 'string') return each;
    if (key === 'reference' && parseReference(each)?.resourceType === from)
      return each.replace(`${from}/`, `${to}/`);
    return ['type', 'code', 'display'].includes(key) && each === from ? to : each;
  };
  return JSON.parse(JSON.stringify(value, replacer)) as Value;
}
