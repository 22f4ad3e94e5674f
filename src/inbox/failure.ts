// What follows a failed attempt: the lane waits, or the item is parked and the lane goes on.
import { describeThrown } from './errors.ts';
import { toProgress, where, type AttemptDeps, type Held, type InHand, type Progress } from './hand.ts';
import { toStorable, type ItemError, type RecordEffect } from './item.ts';
import { park } from './park.ts';
import { postpone, putOffLane, release } from './postpone.ts';

/** While the database cannot be written to, while an item cannot be parked, and where a delay is none. */
const pauseMs = { unwritable: 1_000, unparkable: 10_000, undelayed: 1_000 };
const longestDelayMs = 24 * 60 * 60 * 1_000;

export interface Failure extends ItemError {
  /** Instead of what the retry policy says. */
  readonly afterMs?: number | undefined;
  /** The attempt may have had its effect. */
  readonly inDoubt: boolean;
}

/** Postpones the item in hand, or parks it when its budget is spent. */
export async function fail(deps: AttemptDeps, hand: InHand, failure: Failure): Promise<Progress> {
  // Aborted, an attempt says nothing about the item. Whoever takes the lane over finds it in doubt.
  if (hand.session.signal.aborted) return 'ended';
  const attempts = hand.history.attempts + 1;
  const failures = attempts - hand.history.delays;
  const nowMs = deps.clock.monotonicMs();
  const verdict = deps.retryPolicy(failures, nowMs - (hand.history.failingSinceMs ?? nowMs));
  if (verdict === 'give up') return giveUp(deps, hand, { ...failure, attempts });
  const { afterMs } = failure;
  const wantedMs = afterMs !== undefined && Number.isFinite(afterMs) ? afterMs : verdict;
  return letWait(deps, hand, { ...failure, delayMs: bounded(wantedMs) });
}

/** Lets the lane of the item in hand wait, though nothing failed. */
export async function putOff(deps: AttemptDeps, hand: InHand, afterMs: number): Promise<Progress> {
  if (hand.session.signal.aborted) return 'ended';
  const delayMs = bounded(afterMs);
  const { head } = hand;
  await keepWaiting(deps, hand, delayMs, () => putOffLane(deps.pool, hand.lane, { head, delayMs }));
  return 'ended';
}

function bounded(delayMs: number): number {
  return Math.max(0, Math.min(Number.isNaN(delayMs) ? pauseMs.undelayed : delayMs, longestDelayMs));
}

export interface Hopeless extends ItemError {
  readonly attempts: number;
  readonly record?: RecordEffect | undefined;
}

/** Parks the item in hand. If even that cannot be done, its lane waits: an item is never dropped. */
export async function giveUp(deps: AttemptDeps, hand: InHand, hopeless: Hopeless): Promise<Progress> {
  try {
    return await parkItem(deps, hand, hopeless);
  } catch (error) {
    deps.log.error(
      { ...where(hand), error: describeThrown(error) },
      'Could not park an item; its lane waits',
    );
    return letWait(deps, hand, { ...hopeless, delayMs: pauseMs.unparkable, inDoubt: true });
  }
}

/** Parks the item in hand, or throws and changes nothing. */
export async function parkItem(deps: AttemptDeps, hand: InHand, hopeless: Hopeless): Promise<Progress> {
  const { lane, item } = hand;
  const { attempts, record } = hopeless;
  const error = toStorable(hopeless);
  const result = await park(deps.pool, lane, { item, attempts, error, record, onParked: deps.onParked });
  if (result === 'lost') return 'ended';
  deps.log.error({ ...where(hand), code: error.code }, 'Parked an item');
  deps.metrics.itemParked?.({ source: item.source, code: error.code });
  return toProgress(result);
}

/** Gives the lane back, to be gone on with at once by whoever comes to it. */
export async function letGo(deps: AttemptDeps, { session, lane }: Held): Promise<void> {
  await insist(deps, { session, lane }, () => release(deps.pool, lane, session.replica));
}

async function letWait(
  deps: AttemptDeps,
  hand: InHand,
  failure: Failure & { delayMs: number },
): Promise<Progress> {
  const { delayMs, inDoubt } = failure;
  const postponement = { head: hand.head, delayMs, error: toStorable(failure), inDoubt };
  const waits = await keepWaiting(deps, hand, delayMs, () => postpone(deps.pool, hand.lane, postponement));
  if (waits) deps.log.warn({ ...where(hand), code: failure.code, delayMs }, 'Will try an item again');
  return 'ended';
}

/** Writes that the lane waits; false when it was lost, or need not. */
async function keepWaiting(
  deps: AttemptDeps,
  hand: InHand,
  delayMs: number,
  write: () => Promise<boolean>,
): Promise<boolean> {
  const waits = (await insist(deps, hand, write)) === true;
  if (waits) deps.onPostponed(delayMs);
  // Lost; or the item was acknowledged although the answer did not reach us, and then the lane is still ours.
  else await letGo(deps, hand);
  return waits;
}

/**
 * Writes until it is written or somebody else may do it: a lane that a living replica owns without working on it would
 * stand still for ever.
 */
async function insist<Result>(
  deps: AttemptDeps,
  { session, lane }: Held,
  write: () => Promise<Result>,
): Promise<Result | undefined> {
  while (!session.signal.aborted) {
    try {
      return await write();
    } catch (error) {
      deps.log.error({ lane: lane.key, error: describeThrown(error) }, 'Could not let go of a lane');
      await deps.sleep(pauseMs.unwritable, session.signal);
    }
  }
  return undefined;
}
