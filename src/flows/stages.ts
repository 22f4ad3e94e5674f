// How long each stage of an item takes, from when a server stamped what it is about to when what came of it is written down.
import { z } from 'zod';
import { stampInVersionKey } from '../domain/fhir.ts';
import type { Clock } from '../domain/clock.ts';
import type { Handle, Item, Outcome } from '../inbox/item.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { EVENT_SOURCE } from './items/event.ts';
import { CHANGE_SOURCE } from './items/fhir-change.ts';
import { kindNameOf } from './items/kinds.ts';

/** As little of an event's item as is looked at for each. */
const stampedSchema = z.looseObject({ event: z.looseObject({ origin_server_ts: z.number() }) });

/** The stages up to the end of the handling, in their order. */
type Stage = 'arrive' | 'wait' | 'handle';

/** Users and platforms say when it was, and one wrong time must not outweigh all others. */
const LONGEST_MS = 24 * 60 * 60_000;

/** What the timing of stages needs. */
interface Deps {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'stageSeconds'>;
}

/**
 * Handles as before, and times the stages before: `arrive` and `wait` at the first attempt, and `handle` of the attempt that
 * brought the item to its end.
 */
export function withStagesTimed({ clock, metrics }: Deps, handle: Handle): Handle {
  return async (item, attempt) => {
    const kind = kindNameOf(item.payload);
    const observe = (stage: Stage, ms: number): void => {
      metrics.stageSeconds.observe({ kind, stage }, Math.min(Math.max(0, ms), LONGEST_MS) / 1000);
    };
    if (attempt.number === 1) {
      const stampedMs = stampOf(item);
      if (stampedMs !== undefined) observe('arrive', item.receivedAt.getTime() - stampedMs);
      observe('wait', clock.now().getTime() - item.receivedAt.getTime());
    }
    const begunMs = clock.monotonicMs();
    const outcome = await handle(item, attempt);
    if (isEnd(outcome)) observe('handle', clock.monotonicMs() - begunMs);
    return outcome;
  };
}

/** What the inbox calls when it has written down what came of an item: times the stage `record`. */
export function createRecordTimer({ metrics }: Pick<Deps, 'metrics'>) {
  return ({ payload }: Item, outcome: Outcome, tookMs: number): void => {
    if (isEnd(outcome))
      metrics.stageSeconds.observe({ kind: kindNameOf(payload), stage: 'record' }, tookMs / 1000);
  };
}

const isEnd = ({ kind }: Outcome): boolean => kind === 'done' || kind === 'ignored';

/** When a server stamped the event or version of an item that comes from a reader: milliseconds since the epoch. */
function stampOf({ source, sourceId, payload }: Item): number | undefined {
  switch (source) {
    case EVENT_SOURCE:
      return stampedSchema.safeParse(payload).data?.event.origin_server_ts;
    case CHANGE_SOURCE:
      return stampInVersionKey(sourceId);
    default:
      return undefined;
  }
}
