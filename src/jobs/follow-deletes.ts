// The reader of deletions: Communications that platforms deleted, which only the history of the type shows.
import type { Config } from '../config/schema.ts';
import { hasNoHistory } from '../fhir/deletions.ts';
import { instant } from '../fhir/pager.ts';
import type { Bridge } from '../flows/bridge.ts';
import { storeDeletions } from '../flows/store-deletions.ts';
import { readCursor, saveCursor } from '../store/cursors.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { BridgeJob } from './job.ts';

const NAME = 'deletions';
/** After every deletion: the answer is empty but for the server's time. */
const NEVER = '2999-01-01T00:00:00.000Z';

/** A server without history may be given one; and what seemed its answer may have been that of a proxy before it. */
const WITHOUT_HISTORY_MS = 10 * 60_000;

/** The job. The very first pass takes the server's time: what was deleted before was never carried. */
export function followDeletes(
  bridge: Pick<Bridge, 'db' | 'enqueue' | 'fhir' | 'log' | 'store' | 'transact'>,
  { fhir: options }: Pick<Config, 'fhir'>,
): BridgeJob {
  const { db, fhir, log } = bridge;
  let hasHistory = true;
  return {
    name: NAME,
    service: 'fhir',
    intervalMs: () => (hasHistory ? options.deletesPollIntervalMs : WITHOUT_HISTORY_MS),
    // A replica that does not run it cannot tell which of the two it is.
    lateAfterMs: 2 * WITHOUT_HISTORY_MS,
    withoutBot: true,
    async pass(signal) {
      const cursor = await readCursor(db, NAME);
      const since = cursor === undefined ? NEVER : instant(Date.parse(cursor) - options.overlapMs);
      try {
        let found = 0;
        let begun: string | undefined;
        for await (const { deletions, serverTime } of fhir.deletionsSince('Communication', since, signal)) {
          begun ??= serverTime;
          found += await storeDeletions(bridge, deletions);
        }
        if (begun === undefined) throw new BridgeError('fhir-answer', 'a history bears no meta.lastUpdated');
        await saveCursor(db, NAME, begun);
        hasHistory = true;
        return found;
      } catch (error) {
        if (!hasNoHistory(error)) throw error;
        if (hasHistory)
          log.warn({ error }, 'The FHIR server has no history of Communications: deletions are not followed');
        hasHistory = false;
        return 0;
      }
    },
  };
}
