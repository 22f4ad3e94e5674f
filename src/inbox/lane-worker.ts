// Works on one leased lane: item after item, until it is empty, must wait, is lost, or others have their turn.
import { attempt } from './attempt.ts';
import { decodeItem } from './item-payload.ts';
import { readItems, type LeasedLane } from './lease-lanes.ts';
import { letGo } from './failure.ts';
import type { AttemptDeps, LaneContext } from './attempt-context.ts';
import type { History } from './item.ts';
import { isSuspect } from './suspects.ts';

export interface LaneWorkerDeps extends AttemptDeps {
  /** How long a lane may keep its slot while other lanes wait for one. */
  readonly sliceMs: number;
  readonly otherLanesWait: (lane: LeasedLane) => boolean;
  readonly isStopping: () => boolean;
}

const untried: History = {
  ...{ attempts: 0, delays: 0, ownersDied: 0, failedWith: {} },
  ...{ failingSinceMs: undefined, inDoubt: false },
};

/** Works on the lane until it is no longer ours; never rejects. */
export async function workOnLane(deps: LaneWorkerDeps, context: LaneContext): Promise<void> {
  try {
    await handleItems(deps, context);
  } catch (error) {
    deps.log.error({ lane: context.lane.key, error }, 'Could not go on with a lane');
    await deps.sleep(deps.sliceMs, context.session.signal);
    await letGo(deps, context);
  }
}

async function handleItems(deps: LaneWorkerDeps, context: LaneContext): Promise<void> {
  const { clock, pool } = deps;
  const { lane, session } = context;
  const leasedAtMs = clock.monotonicMs();
  const { attempts, delays, ownersDied, failedWith, inDoubt } = lane;
  const failingSinceMs = attempts > delays ? leasedAtMs - lane.failingForMs : undefined;
  let history: History = { attempts, delays, ownersDied, failedWith, inDoubt, failingSinceMs };
  let head = lane.head;
  let items = [...lane.items];
  for (;;) {
    const hasBegun = head > lane.head;
    const timeIsUp = hasBegun && clock.monotonicMs() - leasedAtMs >= deps.sliceMs;
    // Its first item was not what took processes down, and now it is the turn of the next suspect.
    const isCleared = hasBegun && isSuspect(lane);
    if (deps.isStopping() || isCleared || (timeIsUp && deps.otherLanesWait(lane)))
      return letGo(deps, context);
    if (items.length === 0) items = await readItems(pool, lane, head);
    const item = items.shift();
    if (!item) throw new ItemMissingError();
    const result = await attempt(deps, { session, lane, ...decodeItem(deps.payloads, item), head, history });
    if (result !== 'more') return;
    head = item.position;
    history = untried;
  }
}

/** Items are there as long as `head` is below `tail`, unless someone has deleted rows by hand. */
class ItemMissingError extends Error {
  readonly code = 'INBOX_ITEM_MISSING';

  constructor() {
    super('The lane has an item to be handled, but it is not there');
    this.name = 'ItemMissingError';
  }
}
