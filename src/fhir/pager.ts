// Reads all that a search finds in the order of `_lastUpdated`, page after page, however few a server hands out at once.
//
// Pages begin at a stamp and not at the server's links, which end with its memory of the search and may not show what has
// changed since. Links are followed only within one stamp, where a stamp leads no further.
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
}

interface Paging<Resource extends Stamped> {
  /** Reads a page of what is stamped at `from` or later, sorted by `_lastUpdated`. */
  readonly read: (position: Position) => Promise<SortedPage<Resource>>;
  /** The most resources to ask for, when so many bear one stamp. */
  readonly largest: number;
  /** What is read, for the error: `Communication`. */
  readonly what: string;
  /** The code of the error. */
  readonly answerCode?: BridgeError['code'];
}

/** The most a server hands out in one uncached answer (HAPI refuses more). */
export const LARGEST_PAGE = 1000;
/** Where reading begins when all is to be read: an instant before every stamp. */
export const BEGINNING = '1970-01-01T00:00:00.000Z';
/** The most links that are followed within one stamp. A server that gives more gives them without end. */
const MOST_LINKS = 10_000;

/** An instant in the one form in which positions have it; none lies before 1970. */
export const instant = (ms: number): string => new Date(Math.max(ms, 0)).toISOString();

/**
 * Reads page after page. A resource may be shown more than once: at the end of a page and at the beginning of the next.
 * That a page is short proves nothing, since servers hand out fewer than they are asked for. That it leads no further does,
 * where the server has no link to a next one.
 * @throws BridgeError when more than `largest` bear one stamp and the server gives no links, or links without end
 */
export async function* pagesByStamp<Resource extends Stamped>(
  paging: Paging<Resource>,
  start: Position,
  signal?: AbortSignal,
): AsyncGenerator<PageStep<Resource>> {
  for (let at = start; ;) {
    signal?.throwIfAborted();
    let page = await paging.read(at);
    let next = positionAfter(paging, at, page);
    for (let links = 0; next === 'same stamp' && page.readNext !== undefined; links += 1) {
      yield { page, next };
      signal?.throwIfAborted();
      if (links === MOST_LINKS) throw tooMany(paging, 'links');
      page = await page.readNext(signal);
      // What links lead to ends where they end.
      next = laterStamp(at, page) ?? (page.readNext && 'same stamp');
    }
    yield { page, next };
    if (next === undefined || next === 'same stamp') return;
    at = next;
  }
}

function positionAfter<Resource extends Stamped>(
  paging: Paging<Resource>,
  at: Position,
  page: SortedPage<Resource>,
): Position | 'same stamp' | undefined {
  const later = laterStamp(at, page);
  if (later !== undefined) return later;
  if (page.readNext !== undefined) return 'same stamp';
  if (page.resources.length + (page.malformed ?? []).length < at.size) return undefined;
  // A page full of one stamp is read again in a larger one.
  if (at.size >= paging.largest) throw tooMany(paging, paging.what);
  return { from: at.from, size: Math.min(at.size * 2, paging.largest) };
}

/** The next page begins at the last stamp of this one, not after it: others may bear the same. */
function laterStamp({ from, size }: Position, { resources }: SortedPage<Stamped>): Position | undefined {
  const last = Date.parse(resources.at(-1)?.meta?.lastUpdated ?? '');
  return last > Date.parse(from) ? { from: instant(last), size } : undefined;
}

const tooMany = ({ largest, answerCode = 'fhir-answer' }: Paging<Stamped>, what: string): BridgeError =>
  new BridgeError(
    answerCode,
    `more than ${what === 'links' ? MOST_LINKS : largest} ${what} bear one lastUpdated`,
  );
