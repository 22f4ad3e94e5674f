// Searches whose values are personal: by POST, so that they stay out of URLs; with histories, and what the server says it can do.
import { z } from 'zod';
import type { Clock } from '../domain/clock.ts';
import type { FhirReference } from '../domain/ids.ts';
import { encodeForm } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { BundlePage, FoundResource } from './bundle.ts';
import { parseBundle } from './bundle.ts';
import type { FhirClient, FhirRequest } from './client.ts';
import type { PageStep, Position, SortedPage } from './pager.ts';
import { pagesByStamp, withinStamp } from './pager.ts';
import { historyPath } from './read.ts';
import type { Query } from './search.ts';

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

    /**
     * All resources of a type by their stamps, from a position on; see `pagesByStamp`.
     * @throws BridgeError also when the server does not hand out all that it counts
     */
    pages: (resourceType: string, start: Position, signal: AbortSignal) => {
      const ask = async (query: Query, { size }: Position): Promise<LinkedPage> =>
        linked(follow, await page(resourceType, [...query, ['_count', String(size)]], signal), signal);
      return allPages(client, { resourceType, start, ask }, signal);
    },

    /** The first page of the changes of a type since an instant. */
    changes: (resourceType: string, since: string, signal: AbortSignal): Promise<BundlePage> => {
      const query = Object.entries({ _since: since, _count: '100' });
      return history(`${resourceType}/_history?${encodeForm(query)}`, signal);
    },

    /** The first page of a resource's versions. */
    versions: (reference: FhirReference, signal: AbortSignal): Promise<BundlePage> =>
      history(historyPath(reference), signal),
  };
}

type LinkedPage = SortedPage<FoundResource>;

function linked(
  follow: (link: string, signal: AbortSignal) => Promise<BundlePage>,
  { resources, next, total }: BundlePage,
  signal: AbortSignal,
): LinkedPage {
  const readNext =
    next === undefined ? undefined : async () => linked(follow, await follow(next, signal), signal);
  return { resources, total, readNext };
}

async function* allPages(
  { answerCode }: Pick<FhirClient, 'answerCode'>,
  {
    resourceType: what,
    start,
    ask,
  }: {
    readonly resourceType: string;
    readonly start: Position;
    readonly ask: (query: Query, at: Position) => Promise<LinkedPage>;
  },
  signal: AbortSignal,
): AsyncGenerator<PageStep<FoundResource>> {
  const paging = {
    read: (at: Position) => ask(Object.entries({ _lastUpdated: `ge${at.from}`, _sort: '_lastUpdated' }), at),
    readStamp: (stamp: Position): Promise<LinkedPage> =>
      ask([...withinStamp(stamp), ['_total', 'accurate']], stamp),
    ...{ what, answerCode },
  };
  for await (const step of pagesByStamp(paging, start, signal)) {
    if (step.isIncomplete)
      throw new BridgeError(answerCode, `not all ${what} of one lastUpdated are handed out`);
    yield step;
  }
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
