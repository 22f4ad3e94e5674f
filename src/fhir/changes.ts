// What changed of a type since an instant: one page where that is all, else page after page.
//
// The pages of one read are bounded by the server's time before them. A later page shows more than the first could: of two
// messages of one author it might show the second without the first, which was committed in between. A single page needs no
// bound: what it shows was all there at once.
import type { Clock } from '../domain/clock.ts';
import type { WatchedType } from '../domain/fhir.ts';
import { instant, isWhole, pagesByStamp, sizeOf, type PageStep, type Position } from './pager.ts';
import type { Query, SearchPage } from './search.ts';
import type { FhirServer, StoredResource } from './server.ts';

/** What is read, and of whom. */
export interface Asked {
  readonly server: Pick<FhirServer, 'count' | 'search' | 'searchStamp'>;
  readonly resourceType: WatchedType;
  /** What is asked for, where not all resources of the type are. */
  readonly criteria?: Query;
  readonly pageSize: number;
  /** The elements to be read: the others are not of use, and a server that knows no `_elements` gives them too. */
  readonly elements?: readonly string[];
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** Changes as they are read. */
export interface Changes {
  readonly steps: AsyncIterable<PageStep<StoredResource>>;
  /** Whether they are read page after page. */
  readonly isPaged: boolean;
  /** What the server's clock said; undefined where the server does not tell. */
  readonly serverTime: string | undefined;
  /** An instant by that clock: what could be seen then is among them. */
  readonly upTo: string | undefined;
  /** The most that the server handed out at once so far. */
  readonly longest: () => number;
}

/**
 * So few are taken for all by themselves where the server is known to hand out more at once. Of more than that, a full
 * pass reads on: a server may have been set to hand out fewer since.
 */
export const FEW = 10;

/**
 * Reads what changed since an instant.
 * @param known how many the server is known to hand out at once
 * @throws BridgeError when the server fails; `steps` throws it too
 */
export async function changesSince(
  asked: Asked,
  { from, known }: { readonly from: string; readonly known: number },
  signal: AbortSignal,
): Promise<Changes> {
  const pages = pagesOf(asked, signal);
  const start = { from, size: asked.pageSize };
  const begunMs = asked.clock.monotonicMs();
  const page = await pages.read(start, undefined);
  const tookMs = asked.clock.monotonicMs() - begunMs;
  const { serverTime } = page;
  if (isWhole(page, known) || (await isWholeAsAsked(asked, { page, from }, pages))) {
    // Servers tell the time at which they answered, and not that of what they show.
    const upTo = serverTime && instant(Math.floor(Date.parse(serverTime) - tookMs));
    return { steps: onlyStep(page), isPaged: false, serverTime, upTo, longest: pages.longest };
  }
  const before = serverTime && instant(Date.parse(serverTime));
  const steps = pagesByStamp(pages.bounded(before), start, signal, known);
  return { steps, isPaged: true, serverTime, upTo: before, longest: pages.longest };
}

/** Reads what is stamped in between two instants, the first of them included. */
export function changesBetween(asked: Asked, from: string, before: string, signal: AbortSignal): Changes {
  const pages = pagesOf(asked, signal);
  const steps = pagesByStamp(pages.bounded(before), { from, size: asked.pageSize }, signal);
  return { steps, isPaged: true, serverTime: before, upTo: before, longest: pages.longest };
}

/** Now by the server's clock: the time of an empty answer; undefined when the server tells none. */
export async function serverTime(
  { server, resourceType }: Pick<Asked, 'resourceType' | 'server'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await server.search(resourceType, [['_lastUpdated', 'ge2999-01-01']], 1, signal)).serverTime;
}

// eslint-disable-next-line @typescript-eslint/require-await -- one page, as pages come
async function* onlyStep(page: SearchPage): AsyncGenerator<PageStep<StoredResource>> {
  yield { page, next: undefined };
}

type Pages = ReturnType<typeof pagesOf>;

function pagesOf({ server, resourceType, elements, criteria = [], pageSize }: Asked, signal: AbortSignal) {
  let longest = 0;
  const asked: Query = [
    ...criteria,
    ...(elements === undefined ? [] : [['_elements', elements.join(',')] as const]),
  ];
  const search = async (bounds: Query, size: number): Promise<SearchPage> => {
    const page = await server.search(
      resourceType,
      [...bounds, ['_sort', '_lastUpdated'], ...asked],
      size,
      signal,
    );
    longest = Math.max(longest, sizeOf(page));
    return page;
  };
  const read = ({ from, size }: Position, before: string | undefined): Promise<SearchPage> =>
    search(
      [
        ['_lastUpdated', `ge${from}`],
        ...(before === undefined ? [] : [['_lastUpdated', `lt${before}`] as const]),
      ],
      size,
    );
  return {
    read,
    /** The first of all: as many as are few, if the server has and hands out so many. */
    readFew: () => search([], Math.min(FEW, pageSize)),
    countSince: (from: string) =>
      server.count(resourceType, [...criteria, ['_lastUpdated', `ge${from}`]], signal),
    bounded: (before: string | undefined) => ({
      read: (position: Position) => read(position, before),
      // A stamp before the bound is so to its end: servers take no third bound.
      readStamp: (stamp: Position) => server.searchStamp(resourceType, asked, stamp, signal),
      what: resourceType,
    }),
    longest: () => longest,
  };
}

/** Whether few are all, though the server is not known to hand out more: it is asked for others, and how many these are. */
async function isWholeAsAsked(
  { pageSize }: Pick<Asked, 'pageSize'>,
  { page, from }: { readonly page: SearchPage; readonly from: string },
  pages: Pages,
): Promise<boolean> {
  if (page.readNext !== undefined || sizeOf(page) >= Math.min(FEW, pageSize)) return false;
  await pages.readFew();
  if (isWhole(page, pages.longest())) return true;
  const count = await pages.countSince(from);
  return count !== undefined && count <= sizeOf(page);
}
