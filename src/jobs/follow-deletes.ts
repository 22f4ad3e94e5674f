// The readers of deletions: what platforms deleted, which only the history of a type shows.
import type { Config } from '../config/schema.ts';
import { hasNoHistory } from '../fhir/deletions.ts';
import { instant } from '../fhir/pager.ts';
import type { Bridge } from '../flows/bridge.ts';
import { storeDeletions } from '../flows/store-deletions.ts';
import { readCursor, saveCursor } from '../store/cursors.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { BridgeJob } from './job.ts';

/** The types whose deletions mean something: messages, and what has a space or room. */
type Deletable = 'CareTeam' | 'Communication' | 'CommunicationRequest';

/** After every deletion: the answer is empty but for the server's time. */
const NEVER = '2999-01-01T00:00:00.000Z';

/** A server without history may be given one; and what seemed its answer may have been that of a proxy before it. */
const WITHOUT_HISTORY_MS = 10 * 60_000;

interface Deps extends Pick<Bridge, 'db' | 'enqueue' | 'fhir' | 'log' | 'store' | 'thread' | 'transact'> {
  readonly config: Pick<Config, 'fhir'>;
}

/** The jobs. */
export function followDeletes(deps: Deps): readonly BridgeJob[] {
  const conversations = deps.thread.header === undefined ? (['CommunicationRequest'] as const) : [];
  return (['Communication', 'CareTeam', ...conversations] as const).map((type) => followType(deps, type));
}

/** One job. The very first pass takes the server's time: what was deleted before was never carried. */
function followType(bridge: Deps, type: Deletable): BridgeJob {
  const { db, fhir, log } = bridge;
  const options = bridge.config.fhir;
  // Of messages it has its name from when there was no other.
  const name = type === 'Communication' ? 'deletions' : `deletions:${type}`;
  let hasHistory = true;
  return {
    name,
    service: 'fhir',
    intervalMs: () => (hasHistory ? options.deletesPollIntervalMs : WITHOUT_HISTORY_MS),
    // A replica that does not run it cannot tell which of the two it is.
    lateAfterMs: 2 * WITHOUT_HISTORY_MS,
    withoutBot: true,
    async pass(signal) {
      const cursor = await readCursor(db, name);
      const since = cursor === undefined ? NEVER : instant(Date.parse(cursor) - options.overlapMs);
      try {
        let found = 0;
        let begun: string | undefined;
        for await (const { deletions, serverTime } of fhir.deletionsSince(type, since, signal)) {
          begun ??= serverTime;
          found += await storeDeletions(bridge, deletions);
        }
        if (begun === undefined) throw new BridgeError('fhir-answer', 'a history bears no meta.lastUpdated');
        await saveCursor(db, name, begun);
        hasHistory = true;
        return found;
      } catch (error) {
        if (!hasNoHistory(error)) throw error;
        if (hasHistory)
          log.warn(
            { error, type },
            'The FHIR server has no history of a type: its deletions are not followed',
          );
        hasHistory = false;
        return 0;
      }
    },
  };
}
