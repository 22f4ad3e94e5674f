// Keeps the inbox small: removes handled items once they are old enough, dead letters, and lanes that are empty since.
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import { MATRIX_READER } from '../flows/reader-names.ts';
import { forgetReadStateLanes } from '../flows/read-state/forget-lanes.ts';
import { emptyDeadLetters, removeDeadLetters } from '../inbox/prune-dead-letters.ts';
import { pruneItems } from '../inbox/prune-items.ts';
import { pruneLanes } from '../inbox/prune-lanes.ts';
import { inBatches } from '../inbox/in-batches.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60 * 60 * 1000;
const BATCH = 1000;
/** By which what `/sync` shows may be older than what was pushed at that time. */
const MARGIN_MS = 5 * 60_000;

type Deps = Pick<Bridge, 'clock' | 'db' | 'store' | 'transact'>;

/** The job. */
export function pruneInbox(deps: Deps, { inbox, retention }: Pick<Config, 'inbox' | 'retention'>): BridgeJob {
  const { db, clock } = deps;
  return {
    name: 'prune-inbox',
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    async pass(signal) {
      const before = (keptMs: number): Date => new Date(clock.now().getTime() - keptMs);
      const [items, contents, letters] = [
        await unlessShownAgain(deps, before(inbox.retentionMs)),
        before(retention.deadLetterContentMs),
        before(retention.deadLetterMs),
      ];
      return (
        (await inBatches(signal, BATCH, (batch) => pruneItems(db, items, batch))) +
        (await inBatches(signal, BATCH, (batch) => emptyDeadLetters(db, contents, batch))) +
        (await inBatches(signal, BATCH, (batch) => removeDeadLetters(db, letters, batch))) +
        (await removeEmptyLanes(deps, signal))
      );
    },
  };
}

/** What was pushed since the reader's last position, `/sync` shows again: it has to be known then, however long that takes. */
async function unlessShownAgain({ db, store }: Deps, before: Date): Promise<Date> {
  const readAt = await store.cursors.findAdvanced(db, MATRIX_READER);
  return readAt === undefined ? before : new Date(Math.min(before.getTime(), readAt.getTime() - MARGIN_MS));
}

async function removeEmptyLanes({ transact, store }: Deps, signal: AbortSignal): Promise<number> {
  let count = 0;
  let after: string | undefined = '0';
  while (after !== undefined) {
    signal.throwIfAborted();
    const from: string = after;
    after = await transact(async (tx) => {
      const { removed, last } = await pruneLanes(tx, { after: from, batch: BATCH });
      await forgetReadStateLanes(store, tx, removed);
      count += removed.length;
      return last;
    });
  }
  return count;
}
