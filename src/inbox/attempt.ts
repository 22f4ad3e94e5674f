// One attempt at one item: calls the handler and writes down what came of it.
import type { Acknowledged } from './acknowledge.ts';
import { itemErrorCodes } from './errors.ts';
import { fail, giveUp, makeDeadLetter, putOff } from './failure.ts';
import { nameOf, where, type AttemptDeps, type AttemptContext } from './attempt-context.ts';
import type { Attempt, Outcome } from './item.ts';

/** So many deaths in a row are no coincidence: the item itself takes its process down, and never gets an outcome. */
const mostDeaths = 10;

/** Handles the item, unless it has killed too many replicas. */
export async function attempt(deps: AttemptDeps, context: AttemptContext): Promise<Acknowledged> {
  const { session, history } = context;
  if (history.ownersDied >= mostDeaths) {
    const message = `The last ${history.ownersDied} attempts ended with the process that made them`;
    return giveUp(deps, context, { attempts: history.attempts, code: itemErrorCodes.ownersDied, message });
  }
  if (!session.check()) return 'lost';
  const { outcome, threw } = context.unreadable
    ? { outcome: context.unreadable, threw: false }
    : await callHandler(deps, context);
  const begunMs = deps.clock.monotonicMs();
  let acknowledged: Acknowledged;
  try {
    acknowledged = await settle(deps, context, outcome, threw);
  } catch (error) {
    if (!session.signal.aborted) {
      deps.log.error({ ...where(context), error }, 'Could not record what came of an item');
    }
    const message = `Not recorded: ${nameOf(error)}`;
    return fail(deps, context, { code: itemErrorCodes.notAcknowledged, message, inDoubt: true });
  }
  tellRecorded(deps, context, outcome, begunMs);
  return acknowledged;
}

/** What is done is done, whatever becomes of the telling. */
function tellRecorded(
  { clock, log, onRecorded }: AttemptDeps,
  context: AttemptContext,
  outcome: Outcome,
  begunMs: number,
): void {
  try {
    onRecorded?.(context.item, outcome, clock.monotonicMs() - begunMs);
  } catch (error) {
    log.error({ ...where(context), error }, 'Could not tell that an item is done');
  }
}

const outcomeKinds: ReadonlySet<unknown> = new Set<Outcome['kind']>([
  'done',
  'ignored',
  'later',
  'retry',
  'dead',
]);

async function callHandler(
  deps: AttemptDeps,
  context: AttemptContext,
): Promise<{ outcome: Outcome; threw: boolean }> {
  const { history, item, session } = context;
  const { attempts, inDoubt } = history;
  const { signal } = session;
  try {
    const tried: Attempt = { number: attempts + 1, inDoubt, signal };
    const outcome = await deps.handle(item, tried);
    // The compiler is not there at run time, and no answer must not pass for any.
    if (!outcomeKinds.has(outcome.kind)) throw new TypeError('A handler answered with no outcome');
    return { outcome, threw: false };
  } catch (error) {
    if (!signal.aborted) {
      deps.log.error({ ...where(context), error }, 'A handler threw');
    }
    const message = `The handler threw: ${nameOf(error)}`;
    return { outcome: { kind: 'retry', error: { code: itemErrorCodes.handlerThrew, message } }, threw: true };
  }
}

async function settle(
  deps: AttemptDeps,
  context: AttemptContext,
  outcome: Outcome,
  threw: boolean,
): Promise<Acknowledged> {
  switch (outcome.kind) {
    case 'done':
    case 'ignored':
      return deps.acknowledge(context.lane, context.item.position, outcome.record);
    case 'later':
      return putOff(deps, context, outcome.afterMs);
    case 'dead':
      return makeDeadLetter(deps, context, {
        ...outcome.error,
        attempts: context.history.attempts + 1,
        record: outcome.record,
      });
    case 'retry':
      return fail(deps, context, {
        ...outcome.error,
        ...{ afterMs: outcome.afterMs, most: outcome.most, inDoubt: threw },
      });
  }
}
