// What the log tells about itself as it runs. Nothing here names a lane or an item: metrics are seen by many.
import type { Outcome } from './item.ts';

/** Hooks, all optional; they must not throw. */
export interface InboxMetrics {
  /** A handler answered or threw; `ageMs` is how long the item had been stored when the attempt began. */
  attemptEnded?(attempt: {
    source: string;
    outcome: Outcome['kind'];
    threw: boolean;
    durationMs: number;
    ageMs: number;
  }): void;
  deadLetterMade?(item: { source: string; code: string }): void;
  /** Lanes were looked for. */
  lanesLeased?(leased: { lanes: number; takenOver: number; freeSlots: number }): void;
  sessionLost?(): void;
}
