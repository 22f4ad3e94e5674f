// Works on one claimed lane: item after item, until it is empty, must wait, is lost, or others have their turn.
import { attempt } from './attempt.ts';
import { readItems } from './claim.ts';
import { describeThrown } from './errors.ts';
import { letGo } from './failure.ts';
import type { AttemptDeps, Held, History } from './hand.ts';

export interface LaneWorkerDeps extends AttemptDeps {
  /** How long a lane may keep its slot while other lanes wait for one. */
  readonly sliceMs: number;
  readonly otherLanesWait: () => boolean;
  readonly isStopping: () => boolean;
}

const untried: History = { attempts: 0, delays: 0, ownersDied: 0, failingSinceMs: undefined, inDoubt: false };

/** Works on the lane until it is no longer ours; never rejects. */
export async function workOnLane(deps: LaneWorkerDeps, held: Held): Promise<void> {
  try {
    await handleItems(deps, held);
  } catch (error) {
    deps.log.error({ lane: held.lane.key, error: describeThrown(error) }, 'Could not go on with a lane');
    await deps.sleep(deps.sliceMs, held.session.signal);
    await letGo(deps, held);
  }
}

async function handleItems(deps: LaneWorkerDeps, held: Held): Promise<void> {
  const { clock, pool } = deps;
  const { lane, session } = held;
  const claimedMs = clock.monotonicMs();
  const { attempts, delays, ownersDied, inDoubt } = lane;
  const failingSinceMs = attempts > delays ? claimedMs - lane.failingForMs : undefined;
  let history: History = { attempts, delays, ownersDied, inDoubt, failingSinceMs };
  let head = lane.head;
  let items = [...lane.items];
  for (;;) {
    const timeIsUp = clock.monotonicMs() - claimedMs >= deps.sliceMs && head > lane.head;
    if (deps.isStopping() || (timeIsUp && deps.otherLanesWait())) return letGo(deps, held);
    if (items.length === 0) items = await readItems(pool, lane, head);
    const item = items.shift();
    if (!item) throw new ItemMissingError();
    const progress = await attempt(deps, { session, lane, item, head, history });
    if (progress === 'ended') return;
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
