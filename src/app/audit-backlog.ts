// How late the audit trail is: for the figures, and for `/health`.
import type { Clock } from '../domain/clock.ts';
import { readLanesStats } from '../inbox/queue-stats.ts';
import { AUDIT_LANE_PREFIX } from '../mapping/lanes.ts';
import type { Queryable } from '../store/database.ts';
import { findOldestUnfed } from '../store/identity-audit.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** So old no AuditEvent becomes while the FHIR server takes them. */
const LATE_SECONDS = 300;

interface Deps {
  readonly pool: Queryable;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'auditOldestSeconds' | 'auditWaiting'>;
}

/** Creates what reads the backlog. @param feedsLookUps whether the look-ups of the identity port become AuditEvents */
export function createAuditBacklog({ pool, clock, metrics }: Deps, feedsLookUps: boolean) {
  /** Sets the gauges. @returns the age of the oldest that is not written, in seconds */
  async function measure(): Promise<number> {
    const { waitingItems, oldestWaitingSeconds } = await readLanesStats(pool, AUDIT_LANE_PREFIX);
    const unfed = feedsLookUps ? await findOldestUnfed(pool) : undefined;
    const unfedSeconds = unfed === undefined ? 0 : (clock.now().getTime() - unfed.getTime()) / 1000;
    const seconds = Math.max(oldestWaitingSeconds, unfedSeconds);
    metrics.auditWaiting.set(waitingItems);
    metrics.auditOldestSeconds.set(seconds);
    return seconds;
  }
  return {
    measure,
    /** @throws AuditLateError while AuditEvents wait for too long */
    check: async (): Promise<void> => {
      const seconds = await measure();
      if (seconds >= LATE_SECONDS) throw new AuditLateError(seconds);
    },
  };
}

class AuditLateError extends Error {
  readonly code = 'AUDIT_LATE';
  /** For the log, which prints no message of an error that may quote data. */
  readonly advice: string;

  constructor(seconds: number) {
    const advice = `An AuditEvent has waited for ${Math.round(seconds)} s: check that the FHIR server takes AuditEvents`;
    super(advice);
    this.advice = advice;
    this.name = 'AuditLateError';
  }
}
