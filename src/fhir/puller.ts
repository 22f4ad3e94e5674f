// The cursor over `_lastUpdated`: one pass reads everything that changed, however the pages and ties fall.
//
// Between passes the cursor goes back by an overlap, because resources become visible later than their stamp says;
// what the overlap shows again is known from the ledger. Order is by stamp, then by `sent`, so that a Bundle written
// at one stamp keeps the order its author gave it, also where a page splits it.
import { type ResourceVersion, type WatchedType } from '../domain/fhir.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { createAuthorsOrder } from './authors-order.ts';
import type { Malformed, PageStep, Position } from './pager.ts';
import { BEGINNING, instant, pagesByStamp } from './pager.ts';
import type { Query } from './search.ts';
import type { FhirServer, StoredResource } from './server.ts';
import { watchFor } from './witness.ts';

interface Deps {
  readonly server: Pick<FhirServer, 'search' | 'searchStamp'>;
  readonly resourceType: WatchedType;
  /** What is asked for, where not all resources of the type are. */
  readonly criteria?: Query;
  readonly pageSize: number;
  readonly overlapMs: number;
  readonly readFrom: 'now' | 'beginning';
  /** The elements to be read, where not all are of use: a page of people need not carry their photos. */
  readonly elements?: readonly string[];
  /** Enters the new ones among the resources in the ledger and the inbox, in one transaction. @returns how many */
  readonly store: (resources: readonly StoredResource[]) => Promise<number>;
  /** Sets aside what cannot be entered, so that the others do not wait for it. */
  readonly setAside: (malformed: readonly Malformed[], place: string) => Promise<void>;
  /** Enters them in the ledger alone: they were there before the bridge. */
  readonly storeAsKnown: (resources: readonly StoredResource[]) => Promise<number>;
  readonly readCursor: () => Promise<string | undefined>;
  /** The version that was read or written last before an instant: a server that was not put back still has it, or a later one. */
  readonly readWitness: (before: string) => Promise<ResourceVersion | undefined>;
  /**
   * Looks for the witness where no page shows it, before anything later is stored.
   * @returns whether the server was put back: then the pass ends, and what is to be read is set by this
   */
  readonly findWitness: (witness: ResourceVersion, signal: AbortSignal) => Promise<boolean>;
  /** Moves the cursor, and forgets ledger rows older than `forgetBefore`. Both are instants. */
  readonly saveCursor: (cursor: string, forgetBefore: string) => Promise<void>;
}

/**
 * Makes one pass over a resource type (docs/explanation/catch-up.md). The very first one sets the cursor: at the
 * beginning of time, or at the server's now, with what lies in the overlap entered as known.
 * @returns how many versions were new
 * @throws BridgeError when the server fails; the next pass begins where the last complete one ended
 */
export async function pullOnce(deps: Deps, signal: AbortSignal): Promise<number> {
  const cursor = await deps.readCursor();
  const begun = await serverTime(deps, signal);
  if (cursor !== undefined) return pullFrom(deps, cursor, begun, deps.store, signal);
  if (deps.readFrom === 'beginning') return pullFrom(deps, BEGINNING, begun, deps.store, signal);
  if (begun === undefined)
    throw new BridgeError('fhir-answer', 'a searchset Bundle bears no meta.lastUpdated');
  // What bears this very millisecond was there as well.
  return pullFrom(deps, begun, instant(Date.parse(begun) + 1), deps.storeAsKnown, signal);
}

/**
 * Reads page after page. What is stamped after the pass began is left to the next one: a later page shows more than the
 * first could, and of two messages of one author it might show the second without the first, which was committed in
 * between.
 * @param before the server's time before the first page was asked for; undefined when it does not say
 */
async function pullFrom(
  deps: Deps,
  cursor: string,
  before: string | undefined,
  store: Deps['store'],
  signal: AbortSignal,
): Promise<number> {
  const start = { from: instant(Date.parse(cursor) - deps.overlapMs), size: deps.pageSize };
  const order = createAuthorsOrder();
  const witness = before === undefined ? undefined : await deps.readWitness(before);
  const watch = watchFor(witness, (missed) => deps.findWitness(missed, signal));
  let newest = cursor;
  let found = 0;
  for await (const step of pagesBefore(deps, before, start, signal)) {
    const { malformed = [], resources } = step.page;
    const last = resources.at(-1)?.meta.lastUpdated;
    if (last !== undefined && Date.parse(last) > Date.parse(newest)) newest = last;
    // What the server counts and does not hand out is set aside without an id.
    const aside = step.isIncomplete ? [...malformed, { id: undefined }] : malformed;
    if (aside.length > 0) await deps.setAside(aside, `from ${last ?? newest}`);
    watch.show(resources);
    const ready = order.add(step);
    if (await watch.beforeStoring(ready)) return found;
    if (ready.length > 0) found += await store(ready);
  }
  if (await watch.finish()) return found;
  await deps.saveCursor(newest, instant(Date.parse(newest) - 2 * deps.overlapMs));
  return found;
}

function pagesBefore(
  { server, resourceType, elements, criteria = [] }: Deps,
  before: string | undefined,
  start: Position,
  signal: AbortSignal,
): AsyncGenerator<PageStep<StoredResource>> {
  const bound = before === undefined ? [] : [['_lastUpdated', `lt${instant(Date.parse(before))}`] as const];
  const asked = [
    ...criteria,
    ...(elements === undefined ? [] : [['_elements', elements.join(',')] as const]),
  ];
  const paging = {
    read: ({ from, size }: Position) =>
      server.search(
        resourceType,
        [['_lastUpdated', `ge${from}`], ...bound, ['_sort', '_lastUpdated'], ...asked],
        size,
        signal,
      ),
    // A stamp before the bound is so to its end: servers take no third bound.
    readStamp: (stamp: Position) => server.searchStamp(resourceType, asked, stamp, signal),
    what: resourceType,
  };
  return pagesByStamp(paging, start, signal);
}

/** Now by the server's clock: the stamp of an empty answer; undefined when the server stamps none. */
async function serverTime({ server, resourceType }: Deps, signal: AbortSignal): Promise<string | undefined> {
  return (await server.search(resourceType, [['_lastUpdated', 'ge2999-01-01']], 1, signal)).serverTime;
}
