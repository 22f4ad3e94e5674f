// Puts up for publishing the ghosts that were registered before one's own directory was to hold them.
import type { Bridge } from '../flows/bridge.ts';
import { publishFormerGhosts } from '../flows/people/publish-address.ts';
import type { BridgeJob } from './job.ts';

/** So few at a time that the directory has other work done besides: 600 a minute. */
const BATCH = 100;
const NEXT_BATCH_MS = 10_000;
/** Until it looks again once there are no more: a replica that publishes nothing may have registered some meanwhile. */
const LOOK_INTERVAL_MS = 10 * 60 * 1000;

/** The job. What was put up is recorded with it: after a restart it goes on where it was. */
export function publishGhosts(
  bridge: Pick<Bridge, 'enqueue' | 'log' | 'publishAddress' | 'store' | 'transact'>,
): BridgeJob {
  let isFull = false;
  return {
    name: 'publish-ghosts',
    service: 'database',
    intervalMs: () => (isFull ? NEXT_BATCH_MS : LOOK_INTERVAL_MS),
    lateAfterMs: 3 * LOOK_INTERVAL_MS,
    async pass() {
      const found = await publishFormerGhosts(bridge, BATCH);
      isFull = found === BATCH;
      if (found > 0) bridge.log.info({ ghosts: found }, 'Put up ghosts of before for publishing');
      return found;
    },
  };
}
