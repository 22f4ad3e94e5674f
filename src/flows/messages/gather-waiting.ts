// Communications wait long for the room of a conversation → one row stands for all of them, however many will come.
import type { Bridge } from '../bridge.ts';
import { gatheredItem } from '../items/conversation-messages.ts';

/** Other applications keep conversations that get no room; one that gets its room late is read again then. */
const LONG_MS = 60 * 60_000;
/** Conversations at one time. */
const AT_ONCE = 100;

/** Gathers what waits for conversations without a room. @returns how many rows are left less */
export async function gatherWaiting(
  { clock, db, store, transact }: Pick<Bridge, 'clock' | 'db' | 'store' | 'transact'>,
  signal: AbortSignal,
): Promise<number> {
  const before = new Date(clock.now().getTime() - LONG_MS);
  let gathered = 0;
  let after = '';
  for (;;) {
    const requests = await store.waitingItems.findLongAwaited(db, { before, after, limit: AT_ONCE });
    for (const request of requests) {
      signal.throwIfAborted();
      gathered += await transact(async (tx) => {
        await store.waitingItems.lockWaiting(tx, [request]);
        return store.waitingItems.replaceAll(tx, request, gatheredItem(request));
      });
    }
    const last = requests.at(-1);
    if (last === undefined) return gathered;
    after = last;
  }
}
