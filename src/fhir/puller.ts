// A reader of what changed on the FHIR server: pass after pass over `_lastUpdated`, however the pages and ties fall.
//
// A pass goes back behind the one before, because resources become visible later than their stamp says: most passes by a
// short overlap, and one every so often by the full one. What they show again is known from the ledger. Order is by stamp,
// then by `sent`, so that a Bundle written at one stamp keeps the order its author gave it, also where a page splits it.
import type { ResourceVersion } from '../domain/fhir.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { createAuthorsOrder } from './authors-order.ts';
import { changesBetween, changesSince, FEW, serverTime, type Asked, type Changes } from './changes.ts';
import type { Malformed, PageStep } from './pager.ts';
import { BEGINNING, instant } from './pager.ts';
import type { StoredResource } from './server.ts';
import { watchFor, type WitnessWatch } from './witness.ts';

/** How long after a full pass the next one follows, whatever wakes the reader in between. */
export const FULL_PASS_EVERY_MS = 30_000;
/** If more is shown again for the sake of the witness, it is looked for by itself. */
const MOST_SHOWN_AGAIN = 20;

interface Deps extends Asked {
  /** How far a full pass goes back: at least the longest write transaction. */
  readonly overlapMs: number;
  /** How far the others do: longer than most write transactions. */
  readonly shortOverlapMs: number;
  readonly readFrom: 'now' | 'beginning';
  /** Enters the new ones among the resources in the ledger and the inbox, in one transaction. @returns how many */
  readonly store: (resources: readonly StoredResource[]) => Promise<number>;
  /** Sets aside what cannot be entered, so that the others do not wait for it. */
  readonly setAside: (malformed: readonly Malformed[], place: string) => Promise<void>;
  /** Enters them in the ledger alone: they were there before the bridge. */
  readonly storeAsKnown: (resources: readonly StoredResource[]) => Promise<number>;
  readonly readCursor: () => Promise<string | undefined>;
  /** How a server that was put back is noticed; undefined where the bridge writes what no page shows. */
  readonly witness?: Witnesses | undefined;
  /** Moves the cursor, and forgets ledger rows older than `forgetBefore`. Both are instants. */
  readonly saveCursor: (cursor: string, forgetBefore: string | undefined) => Promise<void>;
}

/** Of what was read or written last: a server that was not put back still has it, or a later version. */
interface Witnesses {
  /** The version that was read or written last. */
  readonly read: () => Promise<ResourceVersion | undefined>;
  /**
   * Looks for it where no page shows it, before anything later is stored.
   * @returns whether the server was put back: then the pass ends, and what is to be read is set by this
   */
  readonly find: (witness: ResourceVersion, signal: AbortSignal) => Promise<boolean>;
}

/** What a reader knows from its passes, as long as they succeed and no other reads in its place. */
interface Known {
  /** The cursor as this reader saved it. */
  readonly cursor: string;
  /** Up to which instants by the server's clock all was read, and by a full pass. */
  readonly readUpTo: string;
  readonly fullUpTo: string;
  /** The server's clock went back behind the last full pass. */
  readonly isClockBack: boolean;
  /** When the last full pass began, by `monotonicMs`. */
  readonly fullAtMs: number;
  /** How many the server is known to hand out at once. */
  readonly longest: number;
  /** The stamp of a witness that no page is to show: too much lies beside it. */
  readonly crowded: string | undefined;
}

/** What a pass is to read. */
interface Plan {
  readonly begunMs: number;
  readonly cursor: string;
  readonly before: Known | undefined;
  readonly isFull: boolean;
  readonly witness: ResourceVersion | undefined;
  /** All that is stamped before was read: milliseconds since the epoch. */
  readonly backMs: number;
  /** Where reading begins: there, or at the witness, so that it is shown. */
  readonly fromMs: number;
}

/** What a pass came to. */
interface Seen {
  found: number;
  /** The latest stamp. */
  newestMs: number;
  /** How many were shown again for the sake of the witness. */
  again: number;
  isPutBack: boolean;
}

/**
 * Creates the passes over a resource type (docs/explanation/catch-up.md). The very first one sets the cursor: at the
 * beginning of time, or at the server's now, with what lies in the overlap entered as known.
 * @returns a pass, which returns how many versions were new. It throws BridgeError when the server fails; the next one
 * begins where the last complete one ended, or the last page that was stored
 */
export function createPuller(deps: Deps): (signal: AbortSignal) => Promise<number> {
  let known: Known | undefined;
  return async (signal) => {
    const before = known;
    // After a failure, the server may be another one when it answers again.
    known = undefined;
    const plan = await planOf(deps, before);
    const read = plan === undefined ? await readNow(deps, signal) : await readOn(deps, plan, signal);
    if (!read.seen.isPutBack) known = await conclude(deps, read);
    return read.seen.found;
  };
}

/** @returns undefined for the very first pass, where that begins now */
async function planOf(deps: Deps, known: Known | undefined): Promise<Plan | undefined> {
  const begunMs = deps.clock.monotonicMs();
  const saved = await deps.readCursor();
  if (saved === undefined && deps.readFrom === 'now') return undefined;
  const cursor = saved ?? BEGINNING;
  const witness = await deps.witness?.read();
  // Another cursor than this reader's was saved by another one, or set back.
  const before = known?.cursor === cursor ? known : undefined;
  const isFull =
    before === undefined ||
    before.isClockBack ||
    begunMs - before.fullAtMs >= FULL_PASS_EVERY_MS ||
    (deps.witness !== undefined && witness === undefined);
  const backMs =
    before !== undefined && !isFull
      ? Date.parse(before.readUpTo) - Math.min(deps.shortOverlapMs, deps.overlapMs)
      : lastFullMs(cursor, before) - deps.overlapMs;
  const isToBeShown = witness !== undefined && witness.lastUpdated !== before?.crowded;
  const fromMs = isToBeShown ? Math.min(backMs, Date.parse(witness.lastUpdated)) : backMs;
  return { begunMs, cursor, before, isFull, witness, backMs, fromMs };
}

/** Until when all was read by a full pass, at least. The cursor goes before it by so much at most. */
function lastFullMs(cursor: string, before: Known | undefined): number {
  return before === undefined
    ? Date.parse(cursor) - FULL_PASS_EVERY_MS
    : Math.min(Date.parse(before.fullUpTo), Date.parse(before.readUpTo));
}

interface Read {
  readonly plan: Plan;
  readonly changes: Changes;
  readonly seen: Seen;
}

async function readOn(deps: Deps, plan: Plan, signal: AbortSignal): Promise<Read> {
  const { isFull, before, fromMs } = plan;
  const longest = before?.longest ?? 0;
  const known = isFull ? Math.min(longest, FEW) : longest;
  const changes = await changesSince(deps, { from: instant(fromMs), known }, signal);
  const isLasting = isFull && changes.isPaged && changes.upTo !== undefined;
  const seen = await readThrough(deps, { plan, changes, store: deps.store, isLasting }, signal);
  return { plan, changes, seen };
}

/** The very first pass: what is there already was there before the bridge. */
async function readNow(deps: Deps, signal: AbortSignal): Promise<Read> {
  const begunMs = deps.clock.monotonicMs();
  const cursor = await serverTime(deps, signal);
  if (cursor === undefined)
    throw new BridgeError('fhir-answer', 'a searchset Bundle bears no meta.lastUpdated');
  const witness = await deps.witness?.read();
  // As far back as any pass goes after this one.
  const backMs = lastFullMs(cursor, undefined) - deps.overlapMs;
  const fromMs = witness === undefined ? backMs : Math.min(backMs, Date.parse(witness.lastUpdated));
  const plan = { begunMs, cursor, before: undefined, isFull: true, witness, backMs, fromMs };
  // What bears this very millisecond was there as well.
  const changes = changesBetween(deps, instant(fromMs), instant(Date.parse(cursor) + 1), signal);
  const of = { plan, changes: { ...changes, upTo: cursor }, store: deps.storeAsKnown, isLasting: false };
  return { ...of, seen: await readThrough(deps, of, signal) };
}

interface Reading extends Pick<Read, 'changes' | 'plan'> {
  readonly store: Deps['store'];
  /** Whether the cursor moves page by page, so that reading goes on from there if it fails. */
  readonly isLasting: boolean;
}

async function readThrough(deps: Deps, reading: Reading, signal: AbortSignal): Promise<Seen> {
  const { plan, changes, store, isLasting } = reading;
  const order = createAuthorsOrder();
  const watch = watchFor(plan.witness, async (missed) => (await deps.witness?.find(missed, signal)) === true);
  const seen: Seen = { found: 0, newestMs: Date.parse(plan.cursor), again: 0, isPutBack: false };
  for await (const step of changes.steps) {
    await look(deps, { step, plan, watch, seen });
    const ready = order.add(step);
    if (await watch.beforeStoring(ready)) return { ...seen, isPutBack: true };
    if (ready.length > 0) seen.found += await store(ready);
    if (isLasting && watch.isOver()) await saveStored(deps, plan, step);
  }
  return { ...seen, isPutBack: await watch.finish() };
}

async function look(
  { setAside }: Pick<Deps, 'setAside'>,
  of: { step: PageStep<StoredResource>; plan: Plan; watch: WitnessWatch; seen: Seen },
): Promise<void> {
  const { step, plan, watch, seen } = of;
  const { malformed = [], resources } = step.page;
  const stamps = resources.map(({ meta }) => Date.parse(meta.lastUpdated));
  seen.newestMs = Math.max(seen.newestMs, stamps.at(-1) ?? 0);
  seen.again += stamps.filter((stamp) => stamp < plan.backMs).length;
  if (plan.fromMs < plan.backMs && malformed.length > 0) seen.again = Number.POSITIVE_INFINITY;
  // What the server counts and does not hand out is set aside without an id.
  const aside = step.isIncomplete ? [...malformed, { id: undefined }] : malformed;
  if (aside.length > 0)
    await setAside(aside, `from ${resources.at(-1)?.meta.lastUpdated ?? instant(seen.newestMs)}`);
  watch.show(resources);
}

/** All before the next page is stored. The cursor never goes back for it. */
async function saveStored(
  { saveCursor }: Pick<Deps, 'saveCursor'>,
  { cursor }: Plan,
  { next }: PageStep<StoredResource>,
): Promise<void> {
  if (next === undefined || next === 'same stamp') return;
  if (Date.parse(next.from) > Date.parse(cursor)) await saveCursor(next.from, undefined);
}

/** Saves the cursor: it goes on after a full pass, and else if something was shown that is later. @returns what is known for the next pass */
async function conclude(deps: Deps, { plan, changes, seen }: Read): Promise<Known> {
  const { before, isFull, witness } = plan;
  const readUpTo = changes.upTo ?? instant(seen.newestMs);
  const isLastFull = isFull || before === undefined;
  const fullUpTo = isLastFull ? readUpTo : before.fullUpTo;
  const cursor = isFull || isShownLater(plan, seen) ? cursorAfter({ readUpTo, fullUpTo }, seen) : plan.cursor;
  // Also where it stays: it tells when the reader has passed.
  await deps.saveCursor(cursor, isFull ? forgettable(deps, cursor, witness) : undefined);
  const isCrowded = plan.fromMs < plan.backMs && seen.again > MOST_SHOWN_AGAIN;
  return {
    ...{ cursor, readUpTo, fullUpTo },
    isClockBack: Date.parse(changes.serverTime ?? fullUpTo) < Date.parse(fullUpTo),
    fullAtMs: isLastFull ? plan.begunMs : before.fullAtMs,
    // Page after page, a full pass has learnt anew how long pages are.
    longest:
      isFull && changes.isPaged ? changes.longest() : Math.max(before?.longest ?? 0, changes.longest()),
    crowded: isCrowded ? witness?.lastUpdated : before?.crowded,
  };
}

const isShownLater = ({ cursor }: Plan, { newestMs }: Seen): boolean => newestMs > Date.parse(cursor);

/** Not so far on that the first pass of another reader would not go back behind the last full one. */
function cursorAfter(
  { readUpTo, fullUpTo }: Pick<Known, 'fullUpTo' | 'readUpTo'>,
  { newestMs }: Seen,
): string {
  const readMs = Math.max(Date.parse(readUpTo), newestMs);
  return instant(Math.min(readMs, Date.parse(fullUpTo) + FULL_PASS_EVERY_MS));
}

/** What no pass shows again: neither a full one nor one that begins at the witness. */
function forgettable(
  { overlapMs }: Pick<Deps, 'overlapMs'>,
  cursor: string,
  witness: ResourceVersion | undefined,
): string {
  const againMs = Date.parse(cursor) - FULL_PASS_EVERY_MS - 2 * overlapMs;
  return instant(Math.min(againMs, witness === undefined ? againMs : Date.parse(witness.lastUpdated)));
}
