// A FHIR server as a directory of care: searches by POST, so that numbers stay out of URLs; links followed to itself only.
import type { FhirResource } from 'fhir/r4.js';
import { z } from 'zod';
import type { Clock } from '../../../domain/clock.ts';
import type { FhirReference } from '../../../domain/ids.ts';
import { BridgeError } from '../../../telemetry/errors.ts';
import type { DirectoryAnswer, DirectoryRequest, DirectoryServer } from '../directory-server.ts';
import { statusError } from '../directory-server.ts';

/** A resource as the server keeps it. */
export type DirectoryResource<Type extends string = string> = Extract<
  FhirResource,
  { resourceType: Type }
> & {
  readonly id: string;
  readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string };
};

/** One page of a search or a history. */
export interface FhirPage {
  readonly resources: readonly DirectoryResource[];
  /** References of versions that say the resource was deleted; in histories only. */
  readonly deleted: readonly string[];
  readonly next: string | undefined;
  /** An instant by the server's clock. */
  readonly serverTime: string | undefined;
}

/** What the server says it can do. */
export interface Capabilities {
  readonly searches: (resourceType: string, parameter: string) => boolean;
  readonly interacts: (resourceType: string, interaction: string) => boolean;
}

type Params = readonly (readonly [string, string])[];

export interface FhirDirectory {
  readonly name: string;
  readonly capabilities: (signal: AbortSignal) => Promise<Capabilities>;
  /** The first page of a search. */
  readonly page: (resourceType: string, params: Params, signal: AbortSignal) => Promise<FhirPage>;
  /**
   * All that a search finds, its includes too.
   * @throws TooManyFoundError when it is more than `most`: a part would be taken for the whole
   */
  readonly search: (
    resourceType: string,
    params: Params,
    most: number,
    signal: AbortSignal,
  ) => Promise<readonly DirectoryResource[]>;
  /** The first page of the changes of a type since an instant, or of one resource's history. */
  readonly history: (
    of: { resourceType: string; since: string } | { reference: FhirReference },
    signal: AbortSignal,
  ) => Promise<FhirPage>;
  /** The page that a link of another page leads to. */
  readonly follow: (link: string, signal: AbortSignal) => Promise<FhirPage>;
  readonly read: (reference: FhirReference, signal: AbortSignal) => Promise<DirectoryResource | undefined>;
  /** @throws BridgeError `directory-conflict` when it is no more in the version it was read in */
  readonly update: (resource: DirectoryResource, signal: AbortSignal) => Promise<void>;
}

const resourceSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  meta: z.looseObject({ versionId: z.string().optional(), lastUpdated: z.string().optional() }).optional(),
});
const bundleSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  meta: z.looseObject({ lastUpdated: z.string().optional() }).optional(),
  link: z.array(z.looseObject({ relation: z.string(), url: z.string() })).optional(),
  entry: z
    .array(
      z.looseObject({
        resource: resourceSchema.optional(),
        request: z.looseObject({ method: z.string(), url: z.string() }).optional(),
      }),
    )
    .optional(),
});
const capabilitySchema = z.looseObject({
  resourceType: z.literal('CapabilityStatement'),
  rest: z.array(
    z.looseObject({
      resource: z
        .array(
          z.looseObject({
            type: z.string(),
            interaction: z.array(z.looseObject({ code: z.string() })).optional(),
            searchParam: z.array(z.looseObject({ name: z.string() })).optional(),
          }),
        )
        .optional(),
    }),
  ),
});

/** A search found more than a question for one person can be about. */
export class TooManyFoundError extends BridgeError {
  constructor(detail: string) {
    super('directory-answer', detail);
    this.name = 'TooManyFoundError';
  }
}

/** Resources per page of a search. */
const PAGE = 200;
/** How long a CapabilityStatement is believed. */
const CAPABILITIES_MS = 3_600_000;
const FHIR_JSON = 'application/fhir+json';

/** Creates the directory's interactions. */
export function createFhirDirectory(
  server: DirectoryServer,
  { bearerToken, clock }: { bearerToken: string | undefined; clock: Clock },
): FhirDirectory {
  let known: { capabilities: Capabilities; readAt: number } | undefined;

  const ask = (request: DirectoryRequest): Promise<DirectoryAnswer> =>
    server.request({ ...request, headers: { ...ownHeaders(bearerToken), ...request.headers } });

  async function bundle(request: DirectoryRequest): Promise<FhirPage> {
    return pageOf(server, request.operation, succeeded(server, request.operation, await ask(request)));
  }

  const follow = (link: string, signal: AbortSignal): Promise<FhirPage> =>
    bundle({ operation: 'read next page', method: 'GET', path: link, signal });

  const page = (resourceType: string, params: Params, signal: AbortSignal): Promise<FhirPage> =>
    bundle({
      ...{ operation: `search ${resourceType}`, method: 'POST', path: `${resourceType}/_search`, signal },
      form: params,
    });

  return {
    name: server.name,
    page,
    follow,
    async capabilities(signal) {
      if (known === undefined || clock.monotonicMs() - known.readAt > CAPABILITIES_MS) {
        const request = { operation: 'read metadata', method: 'GET', path: 'metadata', signal } as const;
        const answer = succeeded(server, request.operation, await ask(request));
        known = { capabilities: capabilitiesOf(server, answer), readAt: clock.monotonicMs() };
      }
      return known.capabilities;
    },
    async search(resourceType, params, most, signal) {
      let found = await page(resourceType, [...params, ['_count', String(Math.min(most, PAGE))]], signal);
      const resources = [...found.resources];
      while (found.next !== undefined && resources.length <= most) {
        found = await follow(found.next, signal);
        resources.push(...found.resources);
      }
      if (resources.length <= most) return resources;
      throw new TooManyFoundError(`${server.name} search ${resourceType}: more than ${most}`);
    },
    history: (of, signal) =>
      bundle({ operation: 'read history', method: 'GET', path: historyPath(of), signal }),
    async read(reference, signal) {
      const answer = await ask({ operation: 'read', method: 'GET', path: reference, signal });
      if (answer.status === 404 || answer.status === 410) return undefined;
      return resourceOf(server, succeeded(server, 'read', answer));
    },
    async update(resource, signal) {
      const answer = await ask({
        ...{ operation: 'update', method: 'PUT', path: `${resource.resourceType}/${resource.id}`, signal },
        headers: { 'Content-Type': FHIR_JSON, 'If-Match': `W/"${resource.meta?.versionId ?? ''}"` },
        json: resource,
      });
      succeeded(server, 'update', answer);
    },
  };
}

const ownHeaders = (bearerToken: string | undefined): Record<string, string> => ({
  Accept: FHIR_JSON,
  // Servers answer from earlier searches; what was written a moment ago counts.
  'Cache-Control': 'no-cache',
  ...(bearerToken !== undefined && { Authorization: `Bearer ${bearerToken}` }),
});

function historyPath(of: { resourceType: string; since: string } | { reference: FhirReference }): string {
  if ('reference' in of) return `${of.reference}/_history?_count=50`;
  return `${of.resourceType}/_history?${new URLSearchParams({ _since: of.since, _count: '100' }).toString()}`;
}

function resourceOf(server: DirectoryServer, body: unknown): DirectoryResource {
  const parsed = resourceSchema.safeParse(body);
  if (!parsed.success) throw new BridgeError('directory-answer', `${server.name} read: no resource`);
  return parsed.data as unknown as DirectoryResource;
}

/** The resources of one type among those found. */
export function ofType<Type extends FhirResource['resourceType']>(
  resources: readonly DirectoryResource[],
  resourceType: Type,
): readonly DirectoryResource<Type>[] {
  const isOfType = (resource: DirectoryResource): resource is DirectoryResource & DirectoryResource<Type> =>
    resource.resourceType === resourceType;
  return resources.filter(isOfType);
}

function succeeded(server: DirectoryServer, operation: string, { status, body }: DirectoryAnswer): unknown {
  const error = statusError(server, operation, status);
  if (error !== undefined) throw error;
  return body;
}

function pageOf(server: DirectoryServer, operation: string, body: unknown): FhirPage {
  const parsed = bundleSchema.safeParse(body);
  if (!parsed.success) throw new BridgeError('directory-answer', `${server.name} ${operation}: no Bundle`);
  const { entry = [], link = [], meta } = parsed.data;
  const next = link.find(({ relation }) => relation === 'next')?.url;
  if (next !== undefined && !server.owns(next)) {
    throw new BridgeError('directory-answer', `${server.name} ${operation}: a link leads to another server`);
  }
  return {
    // The schema checks what paging relies on; the other elements are read leniently.
    resources: entry.flatMap(({ resource }) => (resource as unknown as DirectoryResource | undefined) ?? []),
    deleted: entry.flatMap(({ request }) => (request?.method === 'DELETE' ? [request.url] : [])),
    next,
    serverTime: meta?.lastUpdated,
  };
}

function capabilitiesOf(server: DirectoryServer, body: unknown): Capabilities {
  const parsed = capabilitySchema.safeParse(body);
  if (!parsed.success) {
    throw new BridgeError('directory-answer', `${server.name} read metadata: no CapabilityStatement`);
  }
  const resources = parsed.data.rest.flatMap(({ resource }) => resource ?? []);
  const has = (type: string, test: (resource: (typeof resources)[number]) => boolean): boolean =>
    resources.some((resource) => resource.type === type && test(resource));
  return {
    searches: (type, parameter) =>
      has(type, ({ searchParam = [] }) => searchParam.some(({ name }) => name === parameter)),
    interacts: (type, code) =>
      has(type, ({ interaction = [] }) => interaction.some((one) => one.code === code)),
  };
}
