// Searches whose values are personal: by POST, so that they stay out of URLs; with histories, and what the server says it can do.
import { z } from 'zod';
import type { Clock } from '../domain/clock.ts';
import type { FhirReference } from '../domain/ids.ts';
import { encodeForm } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { BundlePage, FoundResource } from './bundle.ts';
import { parseBundle } from './bundle.ts';
import type { FhirClient, FhirRequest } from './client.ts';
import type { Position, SortedPage } from './pager.ts';
import { LARGEST_PAGE, pagesByStamp } from './pager.ts';
import type { Query } from './read.ts';

/** What the server says it can do. */
export interface Capabilities {
  readonly searches: (resourceType: string, parameter: string) => boolean;
  readonly interacts: (resourceType: string, interaction: string) => boolean;
}

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

/** Resources per page of a search. */
const PAGE = 200;
/** How long a CapabilityStatement is believed. */
const CAPABILITIES_MS = 3_600_000;

export type FhirSearches = ReturnType<typeof createFhirSearches>;

/** Creates the interactions; each throws BridgeError with the codes of the client. */
export function createFhirSearches(client: FhirClient, clock: Clock) {
  let known: { capabilities: Capabilities; readAt: number } | undefined;

  async function bundle(request: FhirRequest): Promise<BundlePage> {
    return parseBundle(client, request.operation, await client.request(request));
  }

  /** The page that a link of another page leads to. */
  const follow = (link: string, signal: AbortSignal): Promise<BundlePage> =>
    bundle({ operation: 'read next page', method: 'GET', path: link, signal });

  const history = (path: string, signal: AbortSignal): Promise<BundlePage> =>
    bundle({ operation: 'read history', method: 'GET', path, signal });

  /** The first page of a search. */
  const page = (resourceType: string, form: Query, signal: AbortSignal): Promise<BundlePage> => {
    const operation = `search ${resourceType}`;
    return bundle({ operation, method: 'POST', path: `${resourceType}/_search`, form, signal });
  };

  return {
    page,
    follow,

    async capabilities(signal: AbortSignal): Promise<Capabilities> {
      if (known === undefined || clock.monotonicMs() - known.readAt > CAPABILITIES_MS) {
        const request = { operation: 'read metadata', method: 'GET', path: 'metadata', signal } as const;
        const capabilities = capabilitiesOf(client, await client.request(request));
        known = { capabilities, readAt: clock.monotonicMs() };
      }
      return known.capabilities;
    },

    /** All that a search finds, its includes too; `complete` is false when it is more than `most`. */
    async search(resourceType: string, query: Query, most: number, signal: AbortSignal) {
      let found = await page(resourceType, [...query, ['_count', String(Math.min(most, PAGE))]], signal);
      const resources = [...found.resources];
      while (found.next !== undefined && resources.length <= most) {
        found = await follow(found.next, signal);
        resources.push(...found.resources);
      }
      return { resources, complete: resources.length <= most };
    },

    /** All resources of a type by their stamps, from a position on; see `pagesByStamp`. */
    pages(resourceType: string, start: Position, signal: AbortSignal) {
      const linked = ({ resources, next }: BundlePage): SortedPage<FoundResource> => ({
        resources,
        readNext: next === undefined ? undefined : async () => linked(await follow(next, signal)),
      });
      const read = async ({ from, size }: Position): Promise<SortedPage<FoundResource>> => {
        const query = { _lastUpdated: `ge${from}`, _sort: '_lastUpdated', _count: String(size) };
        return linked(await page(resourceType, Object.entries(query), signal));
      };
      const paging = { read, largest: LARGEST_PAGE, what: resourceType, answerCode: client.answerCode };
      return pagesByStamp(paging, start, signal);
    },

    /** The first page of the changes of a type since an instant. */
    changes: (resourceType: string, since: string, signal: AbortSignal): Promise<BundlePage> => {
      const query = Object.entries({ _since: since, _count: '100' });
      return history(`${resourceType}/_history?${encodeForm(query)}`, signal);
    },

    /** The first page of a resource's versions. */
    versions: (reference: FhirReference, signal: AbortSignal): Promise<BundlePage> =>
      history(`${reference}/_history?_count=50`, signal),
  };
}

function capabilitiesOf({ answerCode }: FhirClient, body: unknown): Capabilities {
  const parsed = capabilitySchema.safeParse(body);
  if (!parsed.success) throw new BridgeError(answerCode, 'read metadata: expected a CapabilityStatement');
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
