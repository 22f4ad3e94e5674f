// Lanes whose item may be what takes processes down. A replica works on one at a time.
//
// So a death is counted for the item that caused it, and not for those that were in hand beside it.
import type { Log } from '../telemetry/log.ts';
import { giveBackUntouched, type LeasedLane } from './lease-lanes.ts';
import type { Session } from './session.ts';

interface Deps {
  readonly log: Log;
  /** Called when lanes are to wait, so that they are looked for again after this time. */
  readonly onPostponed: (delayMs: number) => void;
}

/** Fewer in a row are a coincidence: a host that was restarted, or an item beside it. */
const SUSPICIOUS_DEATHS = 3;
const SUSPECTS_WAIT_MS = 250;

/** Whether so many owners died in a row that the lane's first item may be the cause. */
export function isSuspect({ ownersDied }: Pick<LeasedLane, 'ownersDied'>): boolean {
  return ownersDied >= SUSPICIOUS_DEATHS;
}

/**
 * Gives the suspects back, all but one, and that as well if one is worked on.
 * @returns those that were given back
 */
export async function exceptOne(
  { log, onPostponed }: Deps,
  session: Session,
  lanes: readonly LeasedLane[],
  oneIsWorkedOn: boolean,
): Promise<ReadonlySet<LeasedLane>> {
  const waiting = lanes.filter(isSuspect).slice(oneIsWorkedOn ? 0 : 1);
  if (waiting.length === 0) return new Set();
  try {
    await giveBackUntouched(session.database, waiting, SUSPECTS_WAIT_MS);
    onPostponed(SUSPECTS_WAIT_MS);
  } catch (error) {
    if (!session.signal.aborted) log.error({ error }, 'Could not give lanes back');
    session.lose('lanes could not be given back');
  }
  return new Set(waiting);
}
