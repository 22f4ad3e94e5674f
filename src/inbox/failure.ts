// What follows a failed attempt: the lane waits, or the item becomes a dead letter and the lane goes on.
import { inFencedTransaction, type Acknowledged } from './acknowledge.ts';
import { where, type AttemptDeps, type LaneContext, type AttemptContext } from './attempt-context.ts';
import { toStorable, type ItemError, type RecordEffect } from './item.ts';
import { postpone, putOffLane, release } from './postpone.ts';

/** While the database cannot be written to, while a dead letter cannot be stored, and where a delay is none. */
const pauseMs = { unwritable: 1_000, unstorable: 10_000, undelayed: 1_000 };
const longestDelayMs = 24 * 60 * 60 * 1_000;

export interface Failure extends ItemError {
  /** Instead of what the retry policy says. */
  readonly afterMs?: number | undefined;
  /** So many attempts may fail with this code. */
  readonly most?: number | undefined;
  /** The attempt may have had its effect. */
  readonly inDoubt: boolean;
}

/** Lets the lane wait, or gives the item up when its budget is spent. */
export async function fail(
  deps: AttemptDeps,
  context: AttemptContext,
  failure: Failure,
): Promise<Acknowledged> {
  // Aborted, an attempt says nothing about the item. The replica that takes the lane over finds it in doubt.
  if (context.session.signal.aborted) return 'lost';
  const { delays, failedWith, failingSinceMs } = context.history;
  const attempts = context.history.attempts + 1;
  const failures = attempts - delays;
  const nowMs = deps.clock.monotonicMs();
  const verdict = deps.retryPolicy(failures, nowMs - (failingSinceMs ?? nowMs));
  const withCode = (failedWith[failure.code] ?? 0) + 1;
  if (verdict === 'give up' || (failure.most !== undefined && withCode >= failure.most))
    return giveUp(deps, context, { ...failure, attempts });
  const { afterMs } = failure;
  const wantedMs = afterMs !== undefined && Number.isFinite(afterMs) ? afterMs : verdict;
  return letWait(deps, context, { ...failure, delayMs: bounded(wantedMs) });
}

/** Lets the lane of the item wait, though nothing failed. */
export async function putOff(
  deps: AttemptDeps,
  context: AttemptContext,
  afterMs: number,
): Promise<Acknowledged> {
  if (context.session.signal.aborted) return 'lost';
  const delayMs = bounded(afterMs);
  const { lane, head } = context;
  await keepWaiting(deps, context, delayMs, () => putOffLane(deps.pool, lane, head, delayMs));
  return 'lost';
}

function bounded(delayMs: number): number {
  return Math.max(0, Math.min(Number.isNaN(delayMs) ? pauseMs.undelayed : delayMs, longestDelayMs));
}

export interface Hopeless extends ItemError {
  readonly attempts: number;
  readonly record?: RecordEffect | undefined;
}

/** Makes the item a dead letter. If even that cannot be done, its lane waits: an item is never dropped. */
export async function giveUp(
  deps: AttemptDeps,
  context: AttemptContext,
  hopeless: Hopeless,
): Promise<Acknowledged> {
  try {
    return await makeDeadLetter(deps, context, hopeless);
  } catch (error) {
    deps.log.error({ ...where(context), error }, 'Could not store a dead letter; its lane waits');
    return letWait(deps, context, { ...hopeless, delayMs: pauseMs.unstorable, inDoubt: true });
  }
}

/** From the table and not from memory, so that the payload is copied to the letter. */
const copyItem = `
  insert into dead_letter (lane_id, lane_key, position, source, source_id, payload, received_at, attempts, error_code,
    error_message)
  select lane_id, lane.key, position, source, source_id, payload, received_at, $3, $4, $5
  from item join lane on lane.id = item.lane_id
  where lane_id = $1 and position = $2`;

/**
 * Makes the item a dead letter: copied for an operator to read, taken off its lane, its sender told. Or it throws and changes
 * nothing; where the lane is lost, it writes nothing.
 */
export async function makeDeadLetter(
  deps: AttemptDeps,
  context: AttemptContext,
  hopeless: Hopeless,
): Promise<Acknowledged> {
  const { lane, item } = context;
  const { attempts, record } = hopeless;
  const error = toStorable(hopeless);
  const result = await inFencedTransaction(deps.pool, lane, item.position, async (transaction) => {
    await transaction.query(copyItem, [lane.id, item.position, attempts, error.code, error.message]);
    await record?.(transaction);
    await deps.onDeadLetter?.(transaction, item, error);
  });
  if (result !== 'lost')
    deps.log.error({ ...where(context), code: error.code }, 'An item became a dead letter');
  return result;
}

/** Gives the lane back, for any replica to go on with at once. */
export async function letGo(deps: AttemptDeps, { session, lane }: LaneContext): Promise<void> {
  await untilWritten(deps, { session, lane }, () => release(deps.pool, lane, session.replica));
}

async function letWait(
  deps: AttemptDeps,
  context: AttemptContext,
  failure: Failure & { delayMs: number },
): Promise<Acknowledged> {
  const { delayMs, inDoubt } = failure;
  const { head, history } = context;
  const { failedWith } = history;
  const error = toStorable(failure);
  const counted = { ...failedWith, [error.code]: (failedWith[error.code] ?? 0) + 1 };
  const postponement = { head, delayMs, error, inDoubt, failedWith: counted };
  const waits = await keepWaiting(deps, context, delayMs, () =>
    postpone(deps.pool, context.lane, postponement),
  );
  if (waits) deps.log.warn({ ...where(context), code: failure.code, delayMs }, 'Will try an item again');
  return 'lost';
}

/** Writes that the lane waits; false when it was lost, or need not. */
async function keepWaiting(
  deps: AttemptDeps,
  context: AttemptContext,
  delayMs: number,
  write: () => Promise<boolean>,
): Promise<boolean> {
  const waits = (await untilWritten(deps, context, write)) === true;
  // Lost; or the item was acknowledged although the answer did not reach us, and then the lane is still ours.
  if (!waits) await letGo(deps, context);
  // Woken at that very moment this replica would always be the first, and take again what only others can read.
  else if (context.unreadable === undefined) deps.onPostponed(delayMs);
  return waits;
}

/**
 * Writes until it is written or another replica may do it: a lane that a living replica owns without working on it would
 * stand still for ever.
 */
async function untilWritten<Result>(
  deps: AttemptDeps,
  { session, lane }: LaneContext,
  write: () => Promise<Result>,
): Promise<Result | undefined> {
  while (!session.signal.aborted) {
    try {
      return await write();
    } catch (error) {
      deps.log.error({ lane: lane.key, error }, 'Could not let go of a lane');
      await deps.sleep(pauseMs.unwritable, session.signal);
    }
  }
  return undefined;
}
