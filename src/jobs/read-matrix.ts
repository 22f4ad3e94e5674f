// The reader of the homeserver: `/sync` from where the last pass ended, woken by every push.
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import type { Intake } from '../flows/intake.ts';
import { MATRIX_READER } from '../flows/reader-names.ts';
import { goesBack } from '../matrix/continuity.ts';
import { syncOnce } from '../matrix/sync-reader.ts';
import { lastArrival } from '../store/arrivals.ts';
import { readAgedCursor, readCursor } from '../store/cursors.ts';
import type { BridgeJob } from './job.ts';

/** The channel of the notifications that a push has come. */
export const MATRIX_CHANNEL = 'bridge_matrix';

/** A sync costs the homeserver some tens of milliseconds. */
const GAP_MS = 150;

interface Deps extends Pick<Bridge, 'db' | 'homeserver' | 'log' | 'settings' | 'store'> {
  readonly config: { readonly matrix: Pick<Config['matrix'], 'syncIntervalMs'> };
  readonly intake: Pick<Intake, 'synced'>;
}

/** The job. */
export function readMatrix({ config, intake, ...bridge }: Deps): BridgeJob {
  const { db, homeserver, settings, store } = bridge;
  return {
    name: MATRIX_READER,
    service: 'matrix',
    intervalMs: config.matrix.syncIntervalMs,
    gapMs: GAP_MS,
    wakeUps: { channel: MATRIX_CHANNEL },
    async pass(signal, again) {
      // Before the last arrival: what came under a doubt is there by then.
      const doubts = await store.pushes.countDoubts(db);
      const upTo = await lastArrival(db);
      const { found, isWhole } = await syncOnce(
        {
          homeserver,
          bot: settings.bot,
          receipts: settings.readState.engine !== 'off',
          readPosition: async () => {
            const cursor = await readAgedCursor(db, MATRIX_READER);
            return cursor && { token: cursor.position, ageMs: cursor.ageMs };
          },
          lastArrival: () => lastArrival(db),
          store: async (result) => {
            await noticeGoneBack(bridge, result.position);
            return intake.synced(result);
          },
          again,
        },
        signal,
      );
      // With a homeserver of many workers, /sync may know of an event a little later than push does.
      if (await store.arrivals.awaitsPass(db, upTo)) again();
      else if (isWhole) await store.pushes.settleDoubts(db, doubts);
      return found;
    },
  };
}

/** A position before the last one is of a homeserver that was restored. */
async function noticeGoneBack(
  { db, log, store }: Pick<Bridge, 'db' | 'log' | 'store'>,
  position: string,
): Promise<void> {
  const before = await readCursor(db, MATRIX_READER);
  if (before === undefined || !goesBack(before, position)) return;
  await store.restorations.noteRestoration(db, 'matrix');
  log.error({ before, position }, 'The homeserver was restored to an earlier state');
}
