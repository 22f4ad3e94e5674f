// Replicas for tests: quick timings, a log that is kept, and no way to forget stopping them.
import { afterEach } from 'vitest';
import type { LogFields } from '../../../src/telemetry/log.ts';
import { describeError } from '../../../src/telemetry/logger.ts';
import type { Handle } from '../../../src/inbox/item.ts';
import { startReplica, type Replica, type ReplicaDeps, type Timings } from '../../../src/inbox/replica.ts';
import { exponentialRetry } from '../../../src/inbox/retry-policy.ts';
import type { TestDatabase } from './database.ts';
import { clock, sleep } from './time.ts';
import { plainPayloads } from '../../builders/payloads.ts';

/** Quick, but patient enough for a busy machine. Polling is off: what has to be quick is quick without it. */
export const quickTimings: Timings = {
  heartbeatMs: 30,
  trustedForMs: 20_000,
  staleAfterMs: 30_000,
  pollMs: 60_000,
  sliceMs: 1_000,
  tryEveryMs: 30,
};

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

/** A log that keeps its lines, with as much of an error as the daemon's log prints. */
export function createKeptLog() {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: LogFields, message: string) => {
    const printed = 'error' in fields ? { ...fields, error: describeError(fields['error']) } : fields;
    lines.push({ level, fields: printed, message });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export interface TestReplicas {
  /** Starts a replica that is stopped after the test. */
  start(handle: Handle, deps?: Partial<ReplicaDeps>): Promise<Replica>;
}

/** For each test replicas of its own on the database. */
export function useReplicas(database: TestDatabase): TestReplicas {
  const started: Replica[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((replica) => replica.stop({ graceMs: 5_000 })));
  });
  return {
    async start(handle, { timings, ...deps } = {}) {
      const replica = await startReplica({
        pool: database.pool,
        connectSession: () => database.connect(),
        handle,
        payloads: plainPayloads,
        retryPolicy: exponentialRetry(
          { firstDelayMs: 20, maxDelayMs: 100, maxAttempts: 5, maxAgeMs: 60_000 },
          () => 0.5,
        ),
        slots: 4,
        clock,
        sleep,
        log: createKeptLog(),
        timings: { ...quickTimings, ...timings },
        ...deps,
      });
      started.push(replica);
      return replica;
    },
  };
}
