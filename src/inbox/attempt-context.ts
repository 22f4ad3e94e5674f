// What one attempt is made with: the leased lane, the item, what is known of it, and the means to deal with it.
import type { Pool } from 'pg';
import type { Clock, Sleep } from '../domain/clock.ts';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Log } from '../telemetry/log.ts';
import type { Acknowledge } from './acknowledge.ts';
import type { LeasedLane } from './lease-lanes.ts';
import type { DecodedItem } from './item-payload.ts';
import type { Handle, History, OnDeadLetter, OnRecorded } from './item.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Session } from './session.ts';

export interface AttemptDeps {
  readonly pool: Pool;
  readonly handle: Handle;
  /** Decodes what items say. */
  readonly payloads: Pick<PayloadCodec, 'decode'>;
  readonly acknowledge: Acknowledge;
  readonly retryPolicy: RetryPolicy;
  readonly onDeadLetter?: OnDeadLetter | undefined;
  readonly onRecorded?: OnRecorded | undefined;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  /** Called when a lane was postponed, so that the lane is looked for again after this time. */
  readonly onPostponed: (delayMs: number) => void;
}

/** A lane and the session that has leased it. */
export interface LaneContext {
  readonly session: Session;
  readonly lane: LeasedLane;
}

/** The item of the attempt, and what is known of it. */
export interface AttemptContext extends LaneContext, DecodedItem {
  /** The lane's head before this item. */
  readonly head: number;
  readonly history: History;
}

/** The attempt, as log fields. */
export function where({ item, history, session }: AttemptContext): Record<string, unknown> {
  const { lane, position, source, sourceId } = item;
  return { replica: session.replica, lane, position, source, sourceId, attempt: history.attempts + 1 };
}

/** All that may be stored of something thrown: its message often quotes data. */
export function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}
