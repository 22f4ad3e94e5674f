// One pass of the reader over the homeserver: `/sync` shows the events of the bot's rooms in the homeserver's order.
//
// Push is only a wake-up: it loses events when the homeserver restarts, and delivers some late. Pushed events are kept as
// arrivals; the pass puts them into the inbox in the order of `/sync`. Arrivals of rooms that the bot is not in follow in the
// order in which they came. The pass also reads the bot's invitations, because push may have lost one.
// docs/explanation/catch-up.md
import type { MatrixUserId } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { Homeserver } from './homeserver.ts';
import type { SyncAnswer } from './sync.ts';
import { EMPTY_PART, partsOf, rowsIn, type SyncPart } from './sync-parts.ts';

/** Where the reader stands. */
export interface SyncPosition {
  readonly token: string;
  /** Since it was moved. */
  readonly ageMs: number;
}

/** A part of what a pass found. */
export interface SyncedPart extends SyncPart {
  /** The token from which on rooms that are behind are to be read. */
  readonly since: string;
  /** The token of the answer. */
  readonly position: string;
  /** With the last part: arrivals up to this number came before the pass began. The position moves. */
  readonly arrivalsUpTo: string | undefined;
}

interface Deps {
  readonly homeserver: Pick<Homeserver, 'sync' | 'changedRooms'>;
  readonly bot: MatrixUserId;
  /** Whether receipts are read. */
  readonly receipts: boolean;
  readonly readPosition: () => Promise<SyncPosition | undefined>;
  readonly lastArrival: () => Promise<string>;
  /** Stores a part, in one transaction. @returns how many items were new */
  readonly store: (part: SyncedPart) => Promise<number>;
  /** Asks for another pass: this one has ended, and more may be shown. */
  readonly again: () => void;
}

/** After so long a time the homeserver is asked only where something was said: what was said may be too much for one answer. */
const LONG_AWAY_MS = 10 * 60_000;
/** Answers of one pass: where something is always said, a pass without end would look as if it stood still. */
const MOST_ANSWERS = 20;
/** Rows of one transaction. */
const MOST_ROWS = 500;

/**
 * Makes one pass: asks until `/sync` shows nothing more, or often enough. The very first pass only takes the position: the bridge does not
 * record what happened before it was there. A pass that fails has stored the parts before; the next one begins where this one
 * began.
 * @returns how many events were new; and whether everything was shown that had happened when the pass began. The homeserver answers
 *   the same request from a cache for two minutes, unless the answer does not move the position: so that the first answer may be old
 *   where one before was lost, and the next one is not
 */
export async function syncOnce(
  deps: Deps,
  signal: AbortSignal,
): Promise<{ found: number; isWhole: boolean }> {
  let found = 0;
  for (let answers = 0; answers < MOST_ANSWERS; answers += 1) {
    signal.throwIfAborted();
    const step = await syncStep(deps, signal);
    found += step.found;
    if (step.shown === 0 && (answers > 0 || !step.isNew)) return { found, isWhole: true };
  }
  deps.again();
  return { found, isWhole: false };
}

async function syncStep(
  deps: Deps,
  signal: AbortSignal,
): Promise<{ found: number; shown: number; isNew: boolean }> {
  const arrivalsUpTo = await deps.lastArrival();
  const before = await deps.readPosition();
  const answer = await ask(deps, before, signal);
  const { position } = answer;
  const since = before?.token ?? position;
  const shown = before === undefined ? EMPTY_PART : answer;
  const parts = partsOf(shown, MOST_ROWS);
  let found = 0;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    found += await deps.store({
      ...{ ...part, since, position },
      arrivalsUpTo: isLast ? arrivalsUpTo : undefined,
    });
  }
  const { rooms, behind, invitations } = shown;
  const isNew = position !== since;
  return { found, shown: isNew ? rowsIn({ ...EMPTY_PART, rooms, behind, invitations }) : 0, isNew };
}

async function ask(
  deps: Deps,
  before: SyncPosition | undefined,
  signal: AbortSignal,
): Promise<SyncAnswer & SyncPart> {
  const { homeserver, bot, receipts } = deps;
  const question = { since: before?.token, receipts };
  const changed = async () => ({ rooms: [], ...(await homeserver.changedRooms(bot, question, signal)) });
  if (before === undefined || before.ageMs > LONG_AWAY_MS) return changed();
  try {
    return await homeserver.sync(bot, question, signal);
  } catch (error) {
    // Too large, or not to be read: the other question has a smaller answer.
    if (error instanceof BridgeError && error.code === 'matrix-answer') return changed();
    throw error;
  }
}
