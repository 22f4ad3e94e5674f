// The figures of what is stored: for `/api/v1/queue/stats`, and as metrics.
import { countUnderOtherKeys } from '../at-rest/rotation.ts';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import { readQueueStats } from '../inbox/queue-stats.ts';
import { countArrivals } from '../store/arrivals.ts';
import { readAdvances } from '../store/cursors.ts';
import { countBehind } from '../store/rooms-behind.ts';
import { countWriteBacks } from '../store/write-backs.ts';
import type { Parts } from './parts.ts';

interface Deps extends Pick<Parts, 'metrics' | 'pool'> {
  readonly payloads: Pick<PayloadCodec, 'keyIds'>;
  readonly auditBacklog: { readonly measure: () => Promise<unknown> };
}

/** Creates what reads the figures, and sets the metrics of them. */
export function createQueueFigures({ pool, metrics, payloads, auditBacklog }: Deps) {
  return async (): Promise<Readonly<Record<string, unknown>>> => {
    const stats = await readQueueStats(pool);
    metrics.setQueue(stats);
    const payloadsUnderOtherKeys = await countUnderOtherKeys(pool, payloads);
    metrics.setOtherKeys(payloadsUnderOtherKeys);
    await auditBacklog.measure();
    return {
      ...stats,
      parkedItems: stats.deadLetters, // the former name, until the next version
      arrivals: await countArrivals(pool),
      writeBacks: await countWriteBacks(pool),
      roomsBehind: await countBehind(pool),
      readers: await readAdvances(pool),
      payloadsUnderOtherKeys,
    };
  };
}
