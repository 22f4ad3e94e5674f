// Reads all that a search finds in the order of `_lastUpdated`, page after page, however few a server hands out at once.
//
// Pages begin at a stamp and not at the server's links, which end with its memory of the search and may not show what has
// changed since. Where a stamp leads no further, what bears it is read by links, and the reading goes on after it: a page
// without progress is never taken for the end.
import { BridgeError } from '../telemetry/errors.ts';

/** Where a page begins. */
export interface Position {
  /** The stamp of its first resources: an instant. */
  readonly from: string;
  /** How many resources are asked for. */
  readonly size: number;
}

/** A resource as far as paging reads it. */
interface Stamped {
  readonly meta?: { readonly lastUpdated?: string | undefined } | undefined;
}

/** Something in the place of a resource that cannot be kept: it lacks an id, a version or a stamp that is one. */
export interface Malformed {
  /** Undefined where it has none that is one. */
  readonly id: string | undefined;
}

/** A page as it was read; `readNext` follows the server's own link, where it gave one. */
export interface SortedPage<Resource extends Stamped> {
  readonly resources: readonly Resource[];
  /** What stood among them; undefined for nothing. */
  readonly malformed?: readonly Malformed[] | undefined;
  /** How many are found on this page and all that follow it, where the server says so. */
  readonly total?: number | undefined;
  readonly readNext?: ((signal?: AbortSignal) => Promise<SortedPage<Resource>>) | undefined;
}

/** A page with what follows it. */
export interface PageStep<Resource extends Stamped> {
  readonly page: SortedPage<Resource>;
  /** Where the next page begins; undefined after the last. The pages of one stamp have no beginnings of their own. */
  readonly next: Position | 'same stamp' | undefined;
  /** The server counts more of this stamp than it hands out, by links or otherwise. */
  readonly isIncomplete?: true;
}

interface Paging<Resource extends Stamped> {
  /** Reads a page of what is stamped at `from` or later, sorted by `_lastUpdated`. */
  readonly read: (position: Position) => Promise<SortedPage<Resource>>;
  /**
   * Reads all that bears one stamp: the first page, whose links lead to the others, and whose `total` counts them.
   * As many as were seen may be others: of those seen one may have changed, and bear another stamp.
   * @returns undefined where nothing bears it any more
   */
  readonly readStamp: (stamp: Position) => Promise<SortedPage<Resource> | undefined>;
  /** What is read, for the error: `Communication`. */
  readonly what: string;
  /** The code of the error. */
  readonly answerCode?: BridgeError['code'];
}

/** Where reading begins when all is to be read: an instant before every stamp. */
export const BEGINNING = '1970-01-01T00:00:00.000Z';
/** The most links that are followed within one stamp. A server that gives more gives them without end. */
const MOST_LINKS = 10_000;

/** An instant in the one form in which positions have it; none lies before 1970. */
export const instant = (ms: number): string => new Date(Math.max(ms, 0)).toISOString();

/** The search for one stamp: the millisecond that begins here. */
export function withinStamp({ from }: Position): readonly (readonly ['_lastUpdated', string])[] {
  return [
    ['_lastUpdated', `ge${from}`],
    ['_lastUpdated', `lt${afterStamp(from)}`],
  ];
}

/**
 * Reads page after page. A resource may be shown more than once: at the end of a page and at the beginning of the next.
 * That a page is short proves nothing, since servers hand out fewer than they are asked for, unless they handed out more before.
 * @param known how many the server is known to hand out at once, from reading before
 * @throws BridgeError when the server gives links without end, or a page full of what bears no later stamp
 */
export async function* pagesByStamp<Resource extends Stamped>(
  paging: Paging<Resource>,
  start: Position,
  signal?: AbortSignal,
  known = 0,
): AsyncGenerator<PageStep<Resource>> {
  let longest = known;
  for (let at = start; ;) {
    signal?.throwIfAborted();
    const page = await paging.read(at);
    const leadsOn = page.readNext !== undefined || laterStamp(at, page) !== undefined;
    if (isWhole(page, known) || (!leadsOn && isLast(paging, at, page, longest))) {
      yield { page, next: undefined };
      return;
    }
    const next = yield* (leadsOn ? byLinks : wholeStamp)(paging, at, page, signal);
    if (next === undefined) return;
    longest = Math.max(longest, sizeOf(page));
    at = next;
  }
}

/**
 * Whether nothing follows a page: it is empty, or shorter than what the server is known to hand out at once.
 * @param known how many that is
 */
export function isWhole(page: SortedPage<Stamped>, known: number): boolean {
  const size = sizeOf(page);
  return page.readNext === undefined && (size === 0 || size < known);
}

/**
 * Whether a page that leads no further is the last.
 * @param longest the most that the server handed out at once before
 */
function isLast(
  paging: Pick<Paging<Stamped>, 'answerCode' | 'what'>,
  at: Position,
  page: SortedPage<Stamped>,
  longest: number,
): boolean {
  const size = sizeOf(page);
  if (bearsStamp(at, page)) return size < longest || (page.total ?? Number.POSITIVE_INFINITY) <= size;
  if (size < at.size) return true;
  throw errorOf(paging, `a page full of ${paging.what} that bear no later lastUpdated`);
}

/** Follows the links of a page until a later stamp. What links lead to ends where they end. */
async function* byLinks<Resource extends Stamped>(
  paging: Paging<Resource>,
  at: Position,
  first: SortedPage<Resource>,
  signal: AbortSignal | undefined,
): AsyncGenerator<PageStep<Resource>, Position | undefined> {
  let page = first;
  for (let links = 0; ; links += 1) {
    const later = laterStamp(at, page);
    if (later !== undefined || page.readNext === undefined) {
      yield { page, next: later };
      return later;
    }
    yield { page, next: 'same stamp' };
    signal?.throwIfAborted();
    if (links === MOST_LINKS) throw errorOf(paging, `more than ${MOST_LINKS} links bear one lastUpdated`);
    page = await page.readNext(signal);
  }
}

/** Reads what else bears the stamp of a page that led no further, and goes on after it. */
async function* wholeStamp<Resource extends Stamped>(
  paging: Paging<Resource>,
  at: Position,
  shown: SortedPage<Resource>,
  signal: AbortSignal | undefined,
): AsyncGenerator<PageStep<Resource>, Position> {
  const next = { from: afterStamp(at.from), size: at.size };
  const first = await paging.readStamp(at);
  if (first === undefined) {
    yield { page: shown, next };
    return next;
  }
  yield { page: shown, next: 'same stamp' };
  let read = 0;
  // What it counts is the stamp alone, and not all that follows.
  for await (const step of byLinks(paging, at, { ...first, total: undefined }, signal)) {
    read += sizeOf(step.page);
    if (step.next === 'same stamp') yield step;
    else yield { page: step.page, next, ...(read < (first.total ?? 0) && { isIncomplete: true }) };
  }
  return next;
}

/** How many a page has, with what stands in the place of a resource. */
export const sizeOf = ({ resources, malformed = [] }: SortedPage<Stamped>): number =>
  resources.length + malformed.length;

const afterStamp = (stamp: string): string => instant(Date.parse(stamp) + 1);

/** A server that does not heed the bound shows what came before it. */
function bearsStamp({ from }: Position, { resources }: SortedPage<Stamped>): boolean {
  return resources.some(({ meta }) => Date.parse(meta?.lastUpdated ?? '') === Date.parse(from));
}

/** The next page begins at the last stamp of this one, not after it: others may bear the same. */
function laterStamp({ from, size }: Position, { resources }: SortedPage<Stamped>): Position | undefined {
  const last = Date.parse(resources.at(-1)?.meta?.lastUpdated ?? '');
  return last > Date.parse(from) ? { from: instant(last), size } : undefined;
}

const errorOf = (
  { answerCode = 'fhir-answer' }: Pick<Paging<Stamped>, 'answerCode'>,
  detail: string,
): BridgeError => new BridgeError(answerCode, detail);
