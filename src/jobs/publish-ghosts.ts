// Puts up for publishing the ghosts that were registered before one's own directory was to hold them. One replica does it.
import type { Sleep } from '../domain/clock.ts';
import type { Bridge } from '../flows/bridge.ts';
import { publishFormerGhosts } from '../flows/people/publish-address.ts';
import { createReader } from '../inbox/reader.ts';
import type { LeasedReader } from './readers.ts';

const NAME = 'publish-ghosts';
const CHANNEL = 'bridge_publish';
/** So few at a time that the directory has other work done besides: 600 a minute. */
const BATCH = 100;
const NEXT_BATCH_MS = 10_000;
/** Until it is looked again once there are no more: some may have been registered meanwhile by a replica that publishes nothing. */
const LOOK_INTERVAL_MS = 10 * 60 * 1000;

/** Creates it. What was put up is recorded with it: after a restart it goes on where it was. */
export function createGhostPublisher({ bridge, sleep }: { bridge: Bridge; sleep: Sleep }): LeasedReader {
  const { log, metrics } = bridge;
  let isFull = false;
  const reader = createReader({
    ...{ name: NAME, gapMs: 0, sleep, log },
    intervalMs: () => (isFull ? NEXT_BATCH_MS : LOOK_INTERVAL_MS),
    onPass: (result) => {
      metrics.readerPasses.inc({ reader: NAME, result: 'failed' in result ? 'failed' : 'ok' });
      if ('found' in result) metrics.readerItems.inc({ reader: NAME }, result.found);
    },
    pass: async () => {
      const found = await publishFormerGhosts(bridge, BATCH);
      isFull = found === BATCH;
      if (found > 0) log.info({ ghosts: found }, 'Put up ghosts of before for publishing');
      return found;
    },
  });
  return { ...reader, name: NAME, channel: CHANNEL, hears: () => false };
}
